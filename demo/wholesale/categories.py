"""Categories of products, guessed from words in the real description.

The source has no categories: these are made up for the shop.
"""

from __future__ import annotations

import re

OTHER = "other"

# The first category with one of its words in the description wins: `CHRISTMAS LUNCH BAG` is
# christmas, `LUNCH BAG` is bags, `LUNCH BOX` is kitchen.
_WORDS = {
    "christmas": "CHRISTMAS XMAS ADVENT SANTA REINDEER SNOWFLAKE SNOWMEN ANGEL ANGELS",
    "bags": "BAG BAGS SHOPPER PURSE HANDBAG SHOULDER SATCHEL TOTE",
    "lighting": "T-LIGHT T-LIGHTS LIGHT LIGHTS CANDLE CANDLES LANTERN LAMP CANDLESTICK NIGHT",
    "home": "WARMER HOTTIE DOORMAT CUSHION TOWEL TOWELS QUILT THROW SOAP BATH CLOCK UMBRELLA "
    "RACK HOOK HOOKS HANGER KNOB DRAWER CABINET STOOL PEGS PLASTERS BATHROOM",
    "kitchen": "CAKE CAKES LUNCH MUG MUGS TEA TEAPOT CUP TEACUP CUPS SAUCER COOKIE JAM JAR PANTRY "
    "KITCHEN BAKING BOWL PLATE PLATES CUTLERY SPOON SPOONS RECIPE OVEN POPCORN SNACK BISCUIT FOOD "
    "SCALES BOTTLE NAPKINS EGG CAKESTAND TRAY BREAD BUTTER JUG GLASS PICNIC STRAWS "
    "APRON TIN TINS COFFEE",
    "stationery": "PAPER CARD CARDS RIBBON RIBBONS WRAP TAPE PENCIL PENCILS PEN NOTEBOOK ERASERS "
    "SEWING STICKER STICKERS ENVELOPE TISSUES CHALKBOARD MEMO STAMP STAMPS BOOK BOOKS GIFT TAGS",
    "toys": "GAME GAMES TOY TOYS DOLL PLAYHOUSE SKITTLES DOMINOES HARMONICA TOPS FELTCRAFT CRAFT "
    "PUZZLE KIDS CHILDRENS CHILDREN BABUSHKA DOLLY BINGO BALLOONS KNITTING JIGSAW SPACEBOY",
    "decoration": "SIGN HEART HEARTS FRAME DECORATION HANGING ORNAMENT BUNTING WREATH TRINKET "
    "VASE CHAIN BLOCK MIRROR GARLAND TRELLIS BIRD BIRDS PHOTO FLOWER LOVEBIRDS BOX BOXES MONEY "
    "BANK WICKER JEWELLERY MAGNET MAGNETS WORD",
}
_RULES = [(category, frozenset(words.split())) for category, words in _WORDS.items()]
_WORD = re.compile(r"[A-Z0-9-]+")
_BOTTLE = "HOT WATER BOTTLE"

CATEGORIES = (*_WORDS, OTHER)


def category_of(description: str) -> str:
    """The category of a product by its description; `other` if no word is known."""
    text = description.upper()
    if _BOTTLE in text:
        return "home"
    words = frozenset(_WORD.findall(text))
    return next((category for category, known in _RULES if words & known), OTHER)
