/* Any three texts as newrelic.config, the application's own one and its .config; NUL bytes are between them. */
#include "fuzz.h"

#include "rules/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, data + size};
    nr_arena arena = NR_ARENA_INIT;
    nr_config config;
    nr_config_texts texts;
    memset(&config, 0, sizeof config);
    texts.global = fuzz_text(&in);
    texts.local = fuzz_text(&in);
    texts.application = fuzz_text(&in);
    if (!texts.local.n) texts.local.p = NULL;
    if (!texts.application.n) texts.application.p = NULL;
    if (nr_config_parse(&arena, &texts, &config) == NR_START_OK) {
        REQUIRE(config.log.level >= NR_TRACE && config.log.level <= NR_ERROR);
        for (size_t i = 0; i < config.ignore.count; i++) REQUIRE(config.ignore.entries[i].assembly.p);
        nr_ignore_matches(&config.ignore, NR_STR("Contoso"), NR_STR("Contoso.Shop"));
    }
    nr_arena_free(&arena);
    return 0;
}
