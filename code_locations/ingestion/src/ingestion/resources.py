def resources_from_environment():
    return {}
