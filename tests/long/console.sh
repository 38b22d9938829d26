#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 100 MB from a guest that prints as fast as it can, one viewer stopped: what
# the monitor grows by, and what the viewer is told it missed.
exec "${srcdir:-.}/tests/console/console_test.py" --long flood
