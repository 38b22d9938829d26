/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a definition: kept as the user wrote it, changed only where it
 * has to be.
 */
#ifndef TRIVISOR_API_DOMAIN_TEXT_H
#define TRIVISOR_API_DOMAIN_TEXT_H

#include "api/domain_xml.h"

/*
 * The root element of a document that parses, with the uuid added where
 * there is none and without the id of a run; free() it, NULL: no memory.
 */
char *domain_text_keep(const char *xml, size_t len, const char *uuid);
/* Our note before the root of a stored text: <?trivisor-define mode="bt"?> */
void domain_text_read_note(struct domain_def *d, const char *xml, size_t len);

#endif
