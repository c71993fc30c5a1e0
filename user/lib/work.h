// For programs that are work to measure: page-sized patterns whose every byte depends on a seed.
#pragma once
#include "user.h"

// The number given as argument i, or `otherwise` if there is none. Exits with a usage line if it is
// not between 1 and `most`.
int number_argument(int argc, char *argv[], int i, int otherwise, int most, const char *usage);

// Fill a page with the pattern of seed; whether it holds it; the sum of its words.
void fill_page(void *page, uint64_t seed);
bool page_holds(const void *page, uint64_t seed);
uint64_t page_sum(const void *page);
