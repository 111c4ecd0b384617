/* Any text as a .lua rule file. */
#include "fuzz.h"

#include "script/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nr_ruleset set;
    nr_str text = {size ? (const char *)data : "", size};
    REQUIRE(nr_ruleset_init(&set));
    nr_script *script = nr_script_new(&set);
    REQUIRE(script && nr_script_load_builtin(script, (nr_str){NULL, 0}));
    bool ok = nr_script_load_rules(script, NR_STR("fuzz.lua"), text);
    REQUIRE(nr_script_commit_rules(script));
    REQUIRE(ok || set.count == 0); /* a file is used as a whole or not at all */
    REQUIRE(nr_script_count(script).memory <= NR_SCRIPT_MEMORY);
    const nr_method_facts facts = {
        .assembly = NR_STR("A"), .class_name = NR_STR("C"), .method = NR_STR("M"), .parameters = NR_STR("")};
    for (const nr_point *p = set.first; p; p = p->next) {
        REQUIRE(p->assembly.n && p->class_name.n && p->method.n && p->line);
        if (p->predicate != NR_NO_PREDICATE) nr_script_where(script, p, &facts);
    }
    nr_script_seal(script);
    nr_script_free(script);
    nr_ruleset_free(&set);
    return 0;
}
