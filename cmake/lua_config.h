/* Included before every Lua source. The stock seed is made of the time and of addresses, so table traversal order would
 * differ from run to run; with a fixed seed two runs over the same files do the same in the same order. Hash flooding is
 * no concern: rule files come from the administrator. */
#define luai_makeseed(L) ((void)(L), 0u)
