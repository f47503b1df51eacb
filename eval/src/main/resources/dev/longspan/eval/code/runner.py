"""Runs one submitted program on test inputs, inside the sandbox that the grader built.

Reads JSON lines: first {"code", "function", "seconds"}, then one {"input"} per test. Answers each with a line:
{"status": "ready" | "output" | "value" | "timeout" | "error", ...}. It never sees an expected answer, so a program
that takes this process over can forge nothing but its own output; what it does to the process is the grader's business.
"""
import ast
import importlib
import io
import json
import os
import signal
import sys
import types

# What contest programs expect to find without importing it, later names over earlier ones.
STAR_IMPORTS = ('string re datetime collections heapq bisect copy math random statistics itertools functools operator io '
                'sys json builtins typing').split()
MODULES = 'string re datetime collections heapq bisect copy math random statistics itertools functools operator io sys json'.split()
RECURSION_LIMIT = 50000
OUTPUT_LIMIT = 16 << 20


class Timeout(Exception):
    """The time for one test is over."""


def on_alarm(number, frame):
    raise Timeout()


def prelude():
    names = {}
    for module in STAR_IMPORTS:
        exec('from %s import *' % module, names)
    for module in MODULES:
        names[module] = importlib.import_module(module)
    names.pop('__builtins__', None)
    return names


class Module(types.ModuleType):
    """A fresh module whose names start with the prelude's."""

    def __init__(self, names):
        super().__init__('submission')
        self.__dict__.update(names)
        self.__dict__['__name__'] = 'submission'


class Input(io.StringIO):
    """Standard input from memory, with the byte view that sys.stdin has."""

    def __init__(self, text):
        super().__init__(text)
        self.buffer = io.BytesIO(text.encode())


class Output(io.StringIO):
    """Standard output in memory, up to a limit."""

    def __init__(self):
        super().__init__()
        self.length = 0

    def write(self, text):
        self.length += len(text)
        if self.length > OUTPUT_LIMIT:
            raise OSError('more than %d characters of output' % OUTPUT_LIMIT)
        return super().write(text)

    def close(self):
        pass


def is_main_guard(node):
    test = node.test if isinstance(node, ast.If) else None
    return (isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == '__name__'
            and len(test.comparators) == 1 and isinstance(test.comparators[0], ast.Constant)
            and test.comparators[0].value == '__main__')


def as_function(source):
    """The program as a function that can run once per test: imports stay outside, a main guard is opened."""
    body = ast.parse(source).body
    if body and is_main_guard(body[-1]):
        body[-1:] = body[-1].body
    imports = [n for n in body if isinstance(n, (ast.Import, ast.ImportFrom))]
    rest = [n for n in body if not isinstance(n, (ast.Import, ast.ImportFrom))]
    shell = ast.parse('def program():\n    pass').body[0]
    if not rest:
        raise SyntaxError('the program has no statement beside imports')
    shell.body = rest
    return ast.fix_missing_locations(ast.Module(body=imports + [shell], type_ignores=[]))


def load(job, names):
    module = Module(names)
    tree = ast.parse(job['code']) if job['function'] else as_function(job['code'])
    exec(compile(tree, 'submission', 'exec'), module.__dict__)
    owner = module.Solution() if 'class Solution' in job['code'] else module
    return getattr(owner, job['function'] or 'program')


def run_function(method, text):
    value = method(*[json.loads(line) for line in text.split('\n')])
    return {'status': 'value', 'value': encode(list(value) if isinstance(value, tuple) else value, 0)}


def encode(value, depth):
    """JSON that keeps what Python's == can tell apart: integers of any size, floats by repr, tuples, dictionaries."""
    if depth > 200:
        return {'other': 'nested too deeply'}
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {'int': hex(int(value))}  # str() of a large integer is refused by default
    if isinstance(value, float):
        return {'float': repr(float(value))}
    if isinstance(value, list):
        return [encode(v, depth + 1) for v in value]
    if isinstance(value, dict):
        return {'dict': [[encode(k, depth + 1), encode(v, depth + 1)] for k, v in value.items()]}
    return {'other': type(value).__name__}


def run_program(method, text):
    output = Output()
    kept = sys.stdin, sys.stdout
    sys.stdin, sys.stdout = Input(text), output
    try:
        method()
    except SystemExit:
        pass
    finally:
        sys.stdin, sys.stdout = kept
    return {'status': 'output', 'output': output.getvalue()}


def guarded(seconds, action, *args):
    signal.alarm(seconds)
    try:
        return action(*args)
    except Timeout:
        return {'status': 'timeout'}
    except BaseException as e:
        try:
            error = repr(e)[:1000]
        except BaseException:
            error = type(e).__name__
        return {'status': 'error', 'error': error}
    finally:
        signal.alarm(0)


def main():
    jobs = os.fdopen(os.dup(0), 'r', encoding='utf-8', newline='\n')
    replies = os.fdopen(os.dup(1), 'w', encoding='utf-8', newline='\n')
    null = os.open(os.devnull, os.O_RDWR)
    for fd in 0, 1, 2:
        os.dup2(null, fd)
    signal.signal(signal.SIGALRM, on_alarm)
    sys.setrecursionlimit(RECURSION_LIMIT)

    def reply(message):
        replies.write(json.dumps(message) + '\n')
        replies.flush()

    job = json.loads(jobs.readline())
    names = prelude()
    method = guarded(job['seconds'], load, job, names)
    if isinstance(method, dict):
        reply(method)
        return
    reply({'status': 'ready'})
    run = run_function if job['function'] else run_program
    for line in jobs:
        reply(guarded(job['seconds'], run, method, json.loads(line)['input']))


main()
