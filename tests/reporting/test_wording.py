import pytest

from drills.reporting.wording import clean, count, latency, metric_value, offset, one_line, percent, prose


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[1;31mred\x1b[0m", r"\x1b[1;31mred\x1b[0m"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", r"\x1b]8;;http://x\x07link\x1b]8;;\x07"),
        ("a\r\nb\rc\n\n", "a\nb\nc"),
        ("nul\x00 bell\x07 tab\tstays", "nul\\x00 bell\\x07 tab\tstays"),
        ("\u202eevil", r"\u202eevil"),
        ("half a pair \ud800", r"half a pair \ud800"),
        ("Grüße, 世界", "Grüße, 世界"),
    ],
)
def test_terminal_codes_and_forbidden_characters_are_made_visible(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_one_line_is_one_line() -> None:
    assert one_line(" a\n\n  b\t c ") == "a b c"


@pytest.mark.parametrize(("t", "told"), [(0, "00:00.0"), (27.44, "00:27.4"), (59.96, "01:00.0"), (3723, "1:02:03.0")])
def test_the_stopwatch_carries_over(t: float, told: str) -> None:
    assert offset(t) == told


def test_a_small_share_is_never_shown_as_nothing() -> None:
    assert [percent(share) for share in (0, 0.0001, 0.207, 0.9999, 1, None, float("nan"))] == [
        "0 %", "< 0.1 %", "20.7 %", "> 99.9 %", "100 %", "not measured", "not measured",
    ]  # fmt: skip


def test_no_line_breaks_between_a_number_and_its_unit() -> None:
    assert prose("after 11.8 s, 7 % of 5 mails in 1 m 05 s") == "after 11.8\xa0s, 7\xa0% of 5 mails in 1\xa0m 05\xa0s"


def test_metrics_are_told_in_their_units() -> None:
    assert metric_value("error_rate", 0.08) == "8.0 %"
    assert metric_value("p95", 3.1) == "3.10 s"
    assert metric_value("p95", 0.0004) == "< 1 ms"
    assert metric_value("rpm", 1200.0) == "1,200 /min"
    assert metric_value("database_failing", True) == "yes"
    assert metric_value("replicas", 3.0) == "3"
    assert metric_value("memory", None) == "not measured"
    assert latency(None) == "not measured"
    assert count(1204) == "1,204"
