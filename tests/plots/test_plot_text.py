import doctest

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

import segmentation.plots._style as style
from segmentation.plots import to_png
from segmentation.plots._style import message_figure
from segmentation.plots._text import (
    BOX,
    ELLIPSIS,
    plain,
    share_text,
    short_number,
    signed_zero_free,
    with_unit,
    words,
)


def test_a_column_reads_like_words_with_its_unit():
    assert with_unit("annual_income", {"annual_income": "k$"}) == r"Annual income (k\$)"
    assert with_unit("age", {}) == "Age"
    assert with_unit("age", None) == "Age"
    assert words("PRC_FULL_PAYMENT") == "PRC FULL PAYMENT"


def test_only_the_name_gives_way_to_the_unit_and_keeps_its_end():
    label = with_unit("purchases_" * 30 + "frequency_7", {"purchases_" * 30 + "frequency_7": "EUR"}, 24)

    assert label.endswith("ncy 7 (EUR)")
    assert ELLIPSIS in label
    assert len(label) == 24 + len(" (EUR)")


def test_letters_of_the_font_stay_and_others_become_boxes():
    assert plain("Доход, тыс. ₽") == "Доход, тыс. ₽"
    assert plain("fun \N{UNICORN FACE}") == f"fun {BOX}"
    assert plain("\ud800") == BOX
    assert plain("a\nb\tc\x00d") == "a b c d"
    assert plain("\u202eabc\u200d") == "abc"
    assert plain("") == "(no name)"


@settings(max_examples=30)
@given(st.text(max_size=400), st.integers(8, 60))
@example("$\\frac{$", 20)
@example("$x_1$", 20)
@example("\\$", 20)
@example("\N{FAMILY}\u200d\N{UNICORN FACE}" * 30, 20)
def test_any_text_is_short_and_can_be_drawn(text, limit):
    shown = plain(text, limit)

    assert 0 < len(shown.replace(r"\$", "$")) <= max(limit, len("(no name)"))
    assert to_png(message_figure("any", shown), dpi=20).startswith(b"\x89PNG")


def test_dollars_are_drawn_as_dollars_and_not_as_mathematics():
    figure = message_figure("t", plain("$x_1$"))
    (text,) = (text for text in figure.findobj(Text) if "x_1" in text.get_text())

    assert text._preprocess_math(text.get_text()) == ("$x_1$", False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (1500, "1500"),
        (10_250, "10.25k"),
        (2.5e6, "2.5M"),
        (-3e9, "-3G"),
        (-0.5, "-0.5"),
    ],
)
def test_numbers_are_short(value, text):
    assert short_number(value) == text


def test_a_small_share_is_not_written_as_none():
    assert share_text(0, 10) == "0"
    assert share_text(12, 200) == "12 (6.0%)"
    assert share_text(1, 60_000) == "1 (<0.1%)"


def test_rounding_leaves_no_sign_before_zero():
    assert signed_zero_free(-0.001, ".2f") == "0.00"
    assert signed_zero_free(-0.001, "+.2f") == "+0.00"
    assert signed_zero_free(-0.01, ".2f") == "-0.01"


def test_the_segments_of_a_large_labelling_look_different():
    colors = [style.segment_color(label) for label in range(-1, 24)]
    looks = [(style.segment_color(label), style.segment_marker(label)) for label in range(-1, 64)]

    assert len(set(colors)) == 25
    assert len(set(looks)) == 65
    assert [marker for _, marker in looks].count(style.NOISE_MARKER) == 1


def test_examples_of_the_docstrings():
    assert doctest.testmod(style).failed == 0
