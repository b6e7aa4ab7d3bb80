/* suggest.h: what somebody probably meant who wrote a word that does not exist. Pure; any thread. */
#ifndef TRIBUTARY_CONFIG_SUGGEST_H
#define TRIBUTARY_CONFIG_SUGGEST_H

/* The candidate nearest to `word`: letters left out, added, changed or swapped with their neighbour, at most
 * one for every three of the word; upper and lower case are the same. NULL when none is near. */
const char *suggest_nearest(const char *word, const char *const *candidates, int count);

#endif
