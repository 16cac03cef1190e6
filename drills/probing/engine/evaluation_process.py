"""The process that evaluates conditions for another one, until its input ends; see `evaluation`.

It writes one byte when it is ready; then for each question (a condition's text and the values) one answer: whether a
value came out, and the value or why there is none. Both are pickled, after their length. The kernel ends it when an
evaluation takes too much time or memory: also when whoever asked was killed meanwhile.
"""

from __future__ import annotations

import math
import pickle
import resource
import struct
import sys
import time
from typing import Any, BinaryIO

from drills.model.conditions import compile_condition

#: Bytes of address space. The interpreter with the evaluator has about 100 MB.
_MEMORY = 512 * 1024 * 1024
#: Seconds of processor time for one evaluation: more than whoever asks waits.
_PROCESSOR = 2
#: Bytes of an answer: a value is extracted to be sent in a request.
_ANSWER = 1_048_576
_LENGTH = struct.Struct(">Q")


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions."""
    answers.write(b"+")
    answers.flush()
    while len(head := questions.read(_LENGTH.size)) == _LENGTH.size:
        text, values = pickle.loads(questions.read(_LENGTH.unpack(head)[0]))
        _limit_time()
        answer = _pickled(_evaluate(text, values))
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()


def _evaluate(text: str, values: dict[str, Any]) -> tuple[bool, Any]:
    try:
        return True, compile_condition(text).value(values)
    except LookupError as error:
        return False, str(error)


def _pickled(answer: tuple[bool, Any]) -> bytes:
    try:
        pickled = pickle.dumps(answer)
    except (TypeError, AttributeError, pickle.PicklingError):
        return pickle.dumps((False, "its value cannot be used outside conditions"))
    return pickled if len(pickled) <= _ANSWER else pickle.dumps((False, f"its value is longer than {_ANSWER} bytes"))


def _limit_time() -> None:
    until = math.ceil(time.process_time()) + _PROCESSOR
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)
