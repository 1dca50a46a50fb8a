"""Names and places for made-up customers. No name here belongs to a customer of the real data."""

from __future__ import annotations

_FIRST_NAMES = (
    "Adam Aisha Alice Amelia Andrew Anna Anthony Arthur Beatrice Ben Brigitte Callum Carla Chloé "
    "Clara Daniel David Deborah Diana Dylan Edward Eleanor Ellen Emily Emma Erik Ewa Fatima Felix "
    "Fiona Frances Gareth George Grace Hannah Harriet Harry Helen Henry Ian Imogen Isaac Jack Jane "
    "Jasmine Jens Joan Joseph Jürgen Karen Kate Keith Laura Leah Leo Lucy Luke Mairi Margaret Mark "
    "Martha Mateo Megan Michael Mohammed Nadia Niamh Nora Oliver Owen Patrick Paul Peter Priya "
    "Rachel Ravi Rebecca René Rhys Robert Rosa Ruth Samuel Sarah Simon Sofia Stella Stephen Susan "
    "Søren Theo Thomas Una Victor Walter Wendy William Yusuf Zoë"
)

_LAST_NAMES = (
    "Abbott Ahmed Allen Andersen Archer Bailey Barnes Bauer Begum Bell Bennett Bishop Blake Brooks "
    "Brown Butler Byrne Campbell Carter Chapman Clarke Cole Collins Cooper Cox Davies Dawson Dixon "
    "Doyle Dubois Edwards Ellis Evans Fernández Fisher Fletcher Foster Fraser García Gibson Graham "
    "Grant Gray Green Griffiths Hall Harris Harvey Hughes Hunt Jackson James Jensen Jones Kaur "
    "Kelly Khan King Knight Lambert Lane Lawson Lee Lewis Lloyd Marshall Mason Meyer Mills Moore "
    "Morgan Müller Murphy Nowak Nguyen Novak O'Brien Owens Palmer Parker Patel Pearce Perry Price "
    "Quinn Reed Reid Richards Roberts Robinson Rossi Russell Schmidt Scott Sharma Shaw Simpson "
    "Singh Smith Spencer Stevens Stone Taylor Thomson Turner Walker Walsh Ward Watson White "
    "Williams Wood Wright Young"
)

# Country, how often, and its cities: where British mail order would go.
_PLACES = (
    (
        "United Kingdom",
        78,
        "London Birmingham Manchester Leeds Glasgow Sheffield Liverpool Bristol Edinburgh Cardiff "
        "Belfast Leicester Nottingham Newcastle Southampton Norwich York Exeter Brighton Aberdeen",
    ),
    ("EIRE", 5, "Dublin Cork Galway Limerick"),
    ("Germany", 5, "Berlin Hamburg Köln Leipzig"),
    ("France", 5, "Paris Lyon Lille Nantes"),
    ("Netherlands", 2, "Amsterdam Utrecht Groningen"),
    ("Belgium", 2, "Antwerpen Gent Liège"),
    ("Spain", 2, "Madrid Bilbao Sevilla"),
    ("Denmark", 1, "København Aarhus"),
)
FIRST_NAMES = _FIRST_NAMES.split()
LAST_NAMES = _LAST_NAMES.split()
CITIES = {country: cities.split() for country, _, cities in _PLACES}
COUNTRIES = [country for country, weight, _ in _PLACES for _ in range(weight)]
