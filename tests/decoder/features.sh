#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The features that rows name, against the assembler: see features.py.
exec python3 "${srcdir:-$(dirname "$0")/../..}/tests/decoder/features.py"
