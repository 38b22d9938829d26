#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Each rule by which the daemon refuses something, taken out: a test fails.
exec "${srcdir:-.}/tests/rules/api.sh" --all
