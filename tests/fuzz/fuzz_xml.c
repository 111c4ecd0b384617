/* Any bytes as an XML file: the reader, and what the Lua mapping makes of the elements. */
#include "fuzz.h"

#include "base/xml.h"
#include "script/script.h"

enum { RUNS_OF_A_STATE = 200 }; /* making a Lua state is what takes time; its memory limit is for all files together */

static void check_tree(const nr_xml_node *document)
{
    size_t count = 0;
    const nr_xml_node *n = document;
    while (n) {
        REQUIRE(++count <= NR_XML_MOST_ELEMENTS + 1);
        if (n->first_child) {
            REQUIRE(n->first_child->parent == n);
            n = n->first_child;
            continue;
        }
        while (n && !n->next) n = n->parent;
        if (n) n = n->next;
    }
}

static void map(nr_str text)
{
    static nr_ruleset set;
    static nr_script *script;
    static int runs;
    if (!script) {
        REQUIRE(nr_ruleset_init(&set));
        script = nr_script_new(&set);
        REQUIRE(script && nr_script_load_builtin(script, (nr_str){NULL, 0}));
    }
    nr_script_load_xml(script, NR_STR("fuzz.xml"), text);
    if (++runs == RUNS_OF_A_STATE) {
        nr_script_free(script);
        nr_ruleset_free(&set);
        script = NULL;
        runs = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_xml_error error = {0};
    nr_str text = nr_text_decode(&arena, (nr_str){size ? (const char *)data : "", size});
    nr_xml_node *document = nr_xml_parse(&arena, text, &error);
    if (document)
        check_tree(document);
    else
        REQUIRE(error.text && error.offset <= text.n && error.line && error.column);
    map(text);
    nr_arena_free(&arena);
    return 0;
}
