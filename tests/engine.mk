## SPDX-License-Identifier: Apache-2.0
## What holds for all engines' objects.
TESTS += tests/check-vectors.sh
dist_check_SCRIPTS += tests/check-vectors.sh
