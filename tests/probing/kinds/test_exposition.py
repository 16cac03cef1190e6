"""The exposition formats, beside the parsers of prometheus_client: what both read, both read alike."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from drills.probing.kinds.metrics.exposition import SLICE, Exposition, ExpositionReader, Series

#: What fuzzed texts are made of.
TOKENS = [
    *(
        "n",
        "m_total",
        "n_bucket",
        "{",
        "}",
        "=",
        ",",
        '"',
        "\\",
        "\n",
        " ",
        "\t",
        "#",
        " # ",
        '"n"',
        'a="b"',
        '{a="b"}',
        "1",
    ),
    *(
        "2.5e3",
        "-1",
        "NaN",
        "+Inf",
        "0x1",
        "1_0",
        "1700000000123",
        "170.5",
        "# EOF\n",
        "# TYPE n gauge\n",
        "# HELP n x\n",
    ),
    *(
        'le="+Inf"',
        '\\"',
        "\\n",
        "\r\n",
        "\u2028",
        "é",
        "\x00",
        '{"n",a="b"} 1\n',
        'n{a="b"} 1\n',
        "n 1\n",
        "m_total 2 3\n",
    ),
]
near_the_grammar = st.lists(st.sampled_from(TOKENS), max_size=12).map("".join)
NAMES = ("n", "m_total", "n_bucket")


def read(text: str, *wanted: str, openmetrics: bool = False) -> Exposition:
    return ExpositionReader(wanted or NAMES).read(text, openmetrics=openmetrics)


def theirs(samples: list[Sample]) -> dict[Series, float]:
    return {Series(each.name, tuple(sorted(each.labels.items()))): float(each.value) for each in samples}


def same(ours: dict[Series, float], others: dict[Series, float]) -> bool:
    return ours.keys() == others.keys() and all(
        value == others[series] or (math.isnan(value) and math.isnan(others[series])) for series, value in ours.items()
    )


def registry() -> CollectorRegistry:
    """Every kind of metric of prometheus_client, with labels that hold what separates labels."""
    made = CollectorRegistry()
    odd = ('a"b\\c\nd', "{}", "x=1,y=2", " # {a}", "", "\u2028é")
    counter = Counter("requests", 'Help with "quotes", \\ and\nlines', ["route", "status"], registry=made)
    histogram = Histogram("seconds", "-", ["route"], buckets=(0.1, 1, 5), registry=made)
    for number, label in enumerate(odd, 1):
        counter.labels(label, "500").inc(number, exemplar={"trace_id": "}# {"})
        histogram.labels(label).observe(number / 3, exemplar={"trace_id": "t"})
    Gauge("pool", "-", registry=made).set(-math.inf)
    Summary("size", "-", registry=made).observe(1e22)
    return made


@pytest.mark.parametrize("openmetrics", [False, True])
def test_what_prometheus_client_writes_is_read_as_it_reads_it(openmetrics: bool) -> None:
    write, parse = (generate_openmetrics, parse_openmetrics) if openmetrics else (generate_latest, parse_text)
    text = write(registry()).decode()
    samples = [sample for family in parse(text) for sample in family.samples]
    found = read(text, *{sample.name for sample in samples}, openmetrics=openmetrics)
    assert found.problem == ""
    assert len(found.samples) > 20
    assert same(found.samples, theirs(samples))
    # Once more by the same reader, which knows the series now, with other values.
    reader = ExpositionReader({sample.name for sample in samples})
    reader.read(text, openmetrics=openmetrics)
    assert reader.read(re.sub(r" 1\.0\n", " 7.0\n", text), openmetrics=openmetrics).samples != found.samples
    assert same(reader.read(text, openmetrics=openmetrics).samples, found.samples)


labels = st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,3}", fullmatch=True), st.text(max_size=8), max_size=3)


@given(st.lists(st.tuples(labels, st.floats()), max_size=8))
def test_any_labels_and_values_come_back(given_ones: list[tuple[dict[str, str], float]]) -> None:
    right, lines = {}, []
    for series, value in given_ones:
        key = Series("n", tuple(sorted(series.items())))
        if key not in right:
            right[key] = value
            told = ",".join(f'{name}="{escape(text)}"' for name, text in series.items())
            lines.append(f"n{{{told}}} {value!r}\n")
    found = read("".join(lines))
    assert found.problem == ""
    assert same(found.samples, right)


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@settings(max_examples=300)
@given(near_the_grammar)
@example('n{a="b"} 1\nn{a="b"} 2\n')
def test_what_is_read_without_a_problem_is_what_prometheus_client_reads(text: str) -> None:
    beside_prometheus_client(text)


def beside_prometheus_client(text: str) -> None:
    """Both read the same, or one of them says that something is wrong; nothing is dropped without a word."""
    found = read(text)
    try:
        samples = [sample for family in parse_text(text) for sample in family.samples]
    except (ValueError, IndexError, AttributeError):
        return
    others = {series: value for series, value in theirs(samples).items() if series.name in NAMES}
    assert found.problem or same(found.samples, others), (found, others)


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    read(text, "n", "")


def test_every_line_is_checked_and_the_first_wrong_one_told() -> None:
    found = read('other{a="b"} 1\nn 1\nother 1 2 3\nn one\n')
    assert found.problem.startswith("line 3: 'other 1 2 3': not a sample: something stands after its value")
    assert found.samples == {Series("n"): 1.0}


def test_types_are_known_by_the_name_of_the_family() -> None:
    assert read('# TYPE n counter\n# HELP "m.x" y\n# HELP n z\n# TYPE odd\n').types == {
        "n": "counter",
        "m.x": "",
        "odd": "",
    }


def test_reading_goes_in_slices() -> None:
    text = "".join(f'n{{i="{i}"}} {i}\n' for i in range(4 * SLICE))
    reader = ExpositionReader(("n",))
    assert sum(1 for _ in reader.reading(text)) == 4
    assert len(reader.read(text).samples) == 4 * SLICE
