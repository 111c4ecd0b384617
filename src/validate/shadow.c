#include "validate/shadow.h"

#include "base/compiler.h"
#include "base/log.h"
#include "validate/private.h"
#include "validate/record.h"

enum { WARNINGS = 50 };

static const char *text_of(nr_verdict v)
{
    static const char *const texts[] = {
#define X(name, text) text,
        NR_VERDICTS(X)
#undef X
    };
    return texts[v];
}

static uint64_t methods_of(nr_shadow *s, uint64_t *not_identical)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < NR_VERDICTS_KINDS; i++) all += atomic_load(&s->counts[i]);
    *not_identical = all - atomic_load(&s->counts[NR_VERDICT_IDENTICAL]);
    return all;
}

/* 1, 10, 100 …: the log of a canary says how far it is without a line for each method. */
static bool is_milestone(uint64_t n)
{
    while (n >= 10 && n % 10 == 0) n /= 10;
    return n == 1;
}

void nr_shadow_verdict(nr_shadow *s, nr_verdict verdict, uintptr_t module, uint32_t method, const char *why)
{
    uint64_t bad;
    atomic_fetch_add(&s->counts[verdict], 1);
    uint64_t all = methods_of(s, &bad);
    if (verdict == NR_VERDICT_IDENTICAL) {
        if (is_milestone(all) && all > 1)
            NR_LOG(NR_INFO, "Shadow run: %llu compared so far, %llu not identical", (unsigned long long)all,
                   (unsigned long long)bad);
        return;
    }
    nr_record_shadow(s->charge, module, method, text_of(verdict), why);
    if (bad > WARNINGS) return;
    nr_buf assembly = NR_BUF_INIT, type = NR_BUF_INIT, name = NR_BUF_INIT;
    nr_view view;
    nr_side_view(s->charge, module, &view);
    nr_view_assembly(s->charge->info, module, &assembly);
    nr_view_method(&view, method, &type, &name);
    nr_view_close(&view);
    NR_LOG(NR_WARN, "Shadow run: %s: [%.*s]%.*s::%.*s %08x: %s", text_of(verdict), NR_STR_ARG(nr_buf_str(&assembly)),
           NR_STR_ARG(nr_buf_str(&type)), NR_STR_ARG(nr_buf_str(&name)), (unsigned)method, why);
    if (bad == WARNINGS) NR_LOG(NR_WARN, "Shadow run: more of these are counted only");
    nr_buf_free(&assembly);
    nr_buf_free(&type);
    nr_buf_free(&name);
}

void nr_shadow_started(nr_shadow *s)
{
    if (s->masks[0][0] == s->masks[1][0] && s->masks[0][1] == s->masks[1][1]) return;
    NR_LOG(NR_WARN, "Shadow run: event masks differ: %08x %08x / %08x %08x", (unsigned)s->masks[0][0],
           (unsigned)s->masks[0][1], (unsigned)s->masks[1][0], (unsigned)s->masks[1][1]);
}

void nr_shadow_summary(nr_shadow *s)
{
    uint64_t bad, all = methods_of(s, &bad);
#define COUNT(kind) (unsigned long long)atomic_load(&s->counts[NR_VERDICT_##kind])
    NR_LOG(NR_INFO,
           "Shadow run: %llu compared, %llu identical, %llu token numbering only, %llu different, %llu only by the "
           "profiler "
           "in charge, %llu only by the one beside it; %llu ms and %llu ms in callbacks",
           (unsigned long long)all, COUNT(IDENTICAL), COUNT(NUMBERING), COUNT(DIFFERENT), COUNT(ONLY_CHARGE),
           COUNT(ONLY_SHADOW), (unsigned long long)(atomic_load(&s->ns[0]) / 1000000),
           (unsigned long long)(atomic_load(&s->ns[1]) / 1000000));
#undef COUNT
}

void nr_shadow_free(nr_shadow *s)
{
    nr_private_free(s);
    nr_ids_free(&s->same);
}

void nr_side_view(nr_side *side, uintptr_t module, nr_view *view)
{
    void *import = NULL, *assembly = NULL;
    if (!side->beside) {
        nr_view_open(view, side->info, module);
        return;
    }
    if (nr_private_metadata(side->shadow, module, 0, &nr_iid_IMetaDataImport2, &import) < 0) import = NULL;
    if (nr_private_metadata(side->shadow, module, 0, &nr_iid_IMetaDataAssemblyImport, &assembly) < 0) assembly = NULL;
    view->import = import;
    view->assembly_import = assembly;
}
