"""Coverage-guided fuzzing of what reads a client's bytes, with atheris (libFuzzer for Python).

    pip install atheris
    python -m tests.fuzz codec 300        # five minutes; also: connection
    python -m tests.fuzz connection 300 --keep   # puts some of what it found into the corpus

Each target is a function from bytes to nothing that fails by raising. `test_corpus.py` replays the corpus without
atheris, so that what a run has once reached stays covered.
"""
