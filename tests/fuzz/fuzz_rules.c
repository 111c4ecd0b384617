/* Any text as a .lua rule file. */
#include "fuzz.h"

#include "script/script.h"

/* Every kind of answer, and none. */
static bool some_fact(void *self, nr_fact fact, nr_fact_value *value)
{
    static const nr_str list[] = {NR_STR("System.ObsoleteAttribute"), NR_STR("")};
    (void)self;
    *value = (nr_fact_value){NR_STR("Contoso.Shop"), 3, true, list, 2};
    return fact % 5 != 4;
}

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
    const nr_method_facts facts = {some_fact, NULL};
    for (const nr_point *p = set.first; p; p = p->next) {
        nr_arena arena = NR_ARENA_INIT;
        nr_str metric;
        REQUIRE(p->line && p->line <= size + 1);
        nr_script_where(script, p, &facts);
        if (nr_script_metric(script, &arena, p, &facts, &metric)) REQUIRE(metric.n);
        nr_arena_free(&arena);
    }
    nr_script_seal(script);
    nr_script_free(script);
    nr_ruleset_free(&set);
    return 0;
}
