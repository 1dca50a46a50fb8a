"""What made-up customers write. `{product}` is the product's description in small letters."""

TITLES = {
    1: ("Very disappointed", "Broken on arrival", "Not as pictured"),
    2: ("Expected more", "Smaller than I thought", "Two of six chipped"),
    3: ("All right for the price", "Does its job", "So-so"),
    4: ("Pretty, and well packed", "Happy with it", "Good value"),
    5: ("Lovely!", "Bought it again", "My customers love it", "Perfect “little” present"),
}
BODIES = {
    1: (
        "The {product} came in three pieces. I have sent a photo, no answer so far.",
        "Nothing like the picture. The {product} goes straight back.",
    ),
    2: (
        "The {product} is nice enough, but the finish is poor; paint on only one side.",
        "Ordered the {product} twice, and twice the count was short.",
    ),
    3: (
        "The {product} is fine. Postage cost me more than the thing itself - £4.95!",
        "It is a {product}, no more, no less.\nDelivery took eight days.",
    ),
    4: (
        "The {product} looks good in our window, and sells, too.",
        'My daughter said "keep it", so the {product} stays.',
    ),
    5: (
        "Third time I have ordered the {product}: still the best for the money.",
        "The {product} was a present for my mother; she wants another, für die Küche.",
        "Quick delivery, and the {product} is even nicer than in the picture. Thank you!",
    ),
}
COMMENTS = (
    "Same here.",
    "Mine was fine, perhaps you had bad luck?",
    "Thank you, that helped me to decide.",
    "How big is it, roughly?",
    "Which colour did you get?",
    "Ask the shop, they replaced ours within a week.",
    "I disagree: for that price it's great.",
    "We sell it in our shop & people keep asking for more.",
    "Does it fit through a letter box?",
    "+1",
)
