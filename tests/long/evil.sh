#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Hostile clients while a good one works, and the good one's 99th percentile
# with a demand on it: it needs a quiet machine.
export EVIL_STRICT=1
exec "${srcdir:-.}/tests/evil/api.test"
