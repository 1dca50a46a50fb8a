"""Read right or refused: never the wrong characters."""
# ruff: noqa: RUF001 -- typographic quotes and dashes are among the test data

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.defs.wholesale.encoding import decode
from ingestion.defs.wholesale.errors import EncodingUnclear, EncodingWrong

HEADER = "InvoiceNo,StockCode,Description,Quantity\n"


def line(description: str) -> str:
    return f"{HEADER}536365,85123A,WHITE LANTERN,6\n536366,21506,{description},1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@settings(max_examples=30)
def test_unicode_proves_itself(encoding: str, text: str) -> None:
    decoded = decode(line(text).encode(encoding), "day.csv")

    assert (decoded.text, decoded.encoding) == (line(text), encoding)


def test_big_endian_with_mark() -> None:
    assert decode(b"\xfe\xff" + "é".encode("utf-16-be"), "day.csv").text == "é"


@pytest.mark.parametrize(
    ("encoding", "description"),
    [
        ("cp1252", "Gift Voucher £40.00"),
        ("cp1252", "café au lait mug"),
        ("cp1252", "crème brûlée dish"),
        ("cp1252", "DÉCOR SIGN"),
        ("cp1252", "NAÏVE JØRGEN"),
        ("cp1252", "CHILDREN’S CUP"),
        ("cp1252", "RED – BLUE"),
        ("cp1252", "voucher €20"),
        ("cp1252", "wash at 30°C"),
        ("cp1252", "and more…"),
        ("mac_roman", "café au lait mug"),
        ("mac_roman", "crème brûlée dish"),
        ("mac_roman", "DÉCOR SIGN"),
        ("mac_roman", "Children’s cup"),
        ("mac_roman", "voucher €20"),
        ("mac_roman", "wash at 30°C"),
        ("mac_roman", "LEGO®"),
        ("mac_roman", "für die Straße"),
    ],
)
def test_evidence_decides(encoding: str, description: str) -> None:
    decoded = decode(line(description).encode(encoding), "day.csv")

    assert (decoded.text, decoded.encoding) == (line(description), encoding)


@pytest.mark.parametrize(
    ("data", "reads"),
    [
        ("CAFÉ".encode("cp1252"), "CAFÉ,1 ' in cp1252 or '66,21506,CAF…,1 ' in mac_roman"),
        ("LEGO®".encode("cp1252"), "LEGO®,1 ' in cp1252 or '6,21506,LEGOÆ,1 ' in mac_roman"),
        ("señor".encode("mac_roman"), "se–or,1 ' in cp1252 or '366,21506,señor,1 '"),
        ("žluťoučký".encode("cp1250"), "žlu\ufffdouèký,1 ' in cp1252"),
        ("日本".encode("shift_jis"), "“ú–{,1 ' in cp1252"),
    ],
)
def test_what_the_evidence_leaves_open_is_refused(data: bytes, reads: str) -> None:
    with pytest.raises(EncodingUnclear) as raised:
        decode(line("@").encode().replace(b"@", data), "day.csv")

    assert raised.value.candidates == ("cp1252", "mac_roman")
    assert raised.value.line == 3
    message = str(raised.value)
    assert "cp1252 or mac_roman: line 3, byte 0x" in message
    assert f"at offset {raised.value.offset}, reads" in message
    assert reads in message
    assert "Set the file's encoding in the configuration" in message


def test_a_mixture_of_utf8_and_another_is_refused() -> None:
    data = line("Gift Voucher £40.00").encode() + "café\n".encode("cp1252")

    with pytest.raises(EncodingUnclear, match=r"mixture of encodings.*0xE9 in line 4"):
        decode(data, "day.csv")


def test_utf8_cut_within_a_character_is_not_taken_for_another_encoding() -> None:
    with pytest.raises(EncodingUnclear, match=r"0xC3 in line 3.*probably cut off"):
        decode(line("CAFÉ").encode()[:-4], "day.csv")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_mark_is_refused_until_it_is_set(encoding: str) -> None:
    data = line("café").encode(encoding)

    with pytest.raises(EncodingUnclear, match=encoding) as raised:
        decode(data, "day.csv")

    assert raised.value.candidates == (encoding,)
    assert decode(data, "day.csv", encoding).text == line("café")


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "utf-8", "utf-16", "shift_jis"])
def test_a_set_encoding_is_used(encoding: str) -> None:
    text = line("LEGO").replace("6", "ﾃ" if encoding == "shift_jis" else "ó")

    assert decode(text.encode(encoding), "day.csv", encoding).text == text


def test_a_set_encoding_drops_the_mark() -> None:
    assert decode("é".encode("utf-8-sig"), "day.csv", "utf-8").text == "é"


@pytest.mark.parametrize(
    ("data", "encoding", "says"),
    [
        (
            b"a\nb\xe9,",
            "utf-8",
            r"says utf-8, but line 2 has bytes that are not \(0xE9 at offset 3",
        ),
        (b"a\n\x81", "cp1252", "line 2 has bytes that are not"),
        ("£40".encode(), "cp1252", "valid UTF-8 with non-ASCII"),
        (b"a", "klingon", "does not know"),
        (b"a", "base64", "does not know"),
        (b"+2AA-", "utf-7", "says utf-7"),
        (b"\\ud800", "unicode_escape", r"half a character \(U\+D800\)"),
    ],
)
def test_a_set_encoding_that_does_not_fit(data: bytes, encoding: str, says: str) -> None:
    with pytest.raises(EncodingWrong, match=says):
        decode(data, "day.csv", encoding)


def test_an_announced_encoding_that_does_not_fit() -> None:
    with pytest.raises(EncodingWrong, match=r"byte order mark says utf-16, but line 2.*cut off"):
        decode("a\nbc".encode("utf-16")[:-1], "day.csv")


WORDS = """
    WHITE HEART lantern café crème brûlée fiancée naïve Noël Hélène façade élan École garçon für
    Österreich Straße Größe Müller schön Äpfel Jørgen smørrebrød Ångström Malmö señorita piñata
    jalapeño São Île à lait español Perú Réunion Curaçao Æble træ Øre cœur Škoda
"""
SIGNS = "£40.00 €20 30°C 40° 7½ m² LEGO® Mini™ CHILDREN’S girl’s LADIES’ “Home” A – B — • etc… «oui»"
words = st.sampled_from(WORDS.split())
cased = st.one_of(words, words.map(str.upper), words.map(str.lower), words.map(str.title))
signs = st.sampled_from(SIGNS.split())
descriptions = st.lists(st.one_of(cased, signs), min_size=1, max_size=6).map(" ".join)


@given(st.lists(descriptions, min_size=1, max_size=4), st.sampled_from(["cp1252", "mac_roman"]))
@settings(max_examples=400)
def test_no_real_text_is_ever_misread(descriptions: list[str], encoding: str) -> None:
    text = "".join(map(line, descriptions))
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:  # Mac Roman lacks ½, ² and Š
        return
    try:
        decoded = decode(data, "day.csv")
    except EncodingUnclear:
        return
    assert decoded.text == text
