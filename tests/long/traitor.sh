#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every system call from every class of a monitor's threads, with two sets of
# arguments: some four thousand monitors that are taken over and die.
set -u
exec tests/evil/traitor_test --all
