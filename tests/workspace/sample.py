"""A small workspace without mistakes, for tests to make mistakes in."""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
format: 1
playbook: ours
schedule:
  - rotation: [slow-query, quiet]
    monthly: third Thursday 14:00
"""
PROBES = """\
- name: home
  http: {url: "${app}/"}
  every: 3s
  timeout: 2s
  role: site
  assert: ["status == 200", "json.orders.all(order, order.total > 0)"]
- name: database
  postgres: {url: "${database}"}
- name: shop-metrics
  metrics: {url: "${app}/metrics", window: 15s}
  depends-on: [home]
"""
PLAYBOOK = """\
name: ours
title: Our policy
levels:
  - name: SEV1
    means: all is lost
    respond: {within: 5m, source: policy}
    notify: [on-call]
  - name: SEV2
    means: much is lost
    respond: {says: next sprint, source: policy}
thresholds:
  - {level: SEV1, when: site_failing, for: 5s, source: policy}
  - {level: SEV2, when: error_rate > 0.05, for: 10s, source: policy}
triage:
  - {by: 1m, step: Acknowledge, milestone: acknowledged, levels: [SEV1], source: policy}
phases:
  - {name: Mitigate, starts: 5m, by: 30m, ends-with: mitigated, source: policy}
escalation:
  - {name: First, contact: on-call, after: 30m, levels: [SEV1], source: policy}
decisions:
  - {when: fix_minutes < 5, decide: fix, source: policy}
templates:
  - audience: team
    kind: update
    statuses: [investigating]
    text: "{{ title }} {{ next_update }}"
    source: policy
contacts:
  - {name: on-call, role: On call}
goals:
  mttr: {SEV1: {within: 1h, source: policy}}
"""
SCENARIO = """\
title: A search without its index
story: Order search is slow.
steady: {hold: 10s, probes: [home, database]}
timeline:
  - at: 5s
    fault: {kind: drop-index, index: orders_customer_idx}
  - at: 6s
    fault: {kind: link-latency, link: app-database, latency: 500ms}
truth:
  cause: missing-index
  among: [missing-index, bad-deploy]
  remedy: Create it again.
  severity-floor: {rank: 1, why: an example}
hints: [Which requests are slow?]
limits: {duration: 15m}
abort: {when: "host.memory_free < 0.05"}
"""
QUIET = """\
title: Nothing happens
story: An ordinary morning.
steady: {probes: [home]}
"""
RUNBOOK = """\
# Slow search

## Overview
## Symptoms
## Detection
## Triage steps
```sh {"name":"check"}
true
```
## Mitigation (< 5 minutes)
```sh {"name":"mend","milestone":"cause-named","cause":"missing-index"}
true
```
### 5-30 minutes
### More than 30 minutes
## Rollback
## Communication
## Escalation
## Post-incident
"""
FILES = {
    "drills.yaml": CONFIG,
    "probes/shop.yaml": PROBES,
    "playbooks/ours.yaml": PLAYBOOK,
    "scenarios/slow-query/scenario.yaml": SCENARIO,
    "scenarios/slow-query/runbook.md": RUNBOOK,
    "scenarios/quiet/scenario.yaml": QUIET,
}


def write_workspace(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
