/* recording.h - a recording read back: what a profiler asked of the CLR and gave to it.
 *
 * A recording is JSON lines, as `nrprof record` and NEWRELIC_VALIDATION_ENABLED write them: "ev" says what a line is. Lines that
 * are no JSON are counted and left out: a process that was killed leaves half a line at the end. Everything lives in
 * the recording's arena. */
#ifndef NR_CLI_RECORDING_H
#define NR_CLI_RECORDING_H

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The version of the lines that this program reads. A recording that names none is of version 1. */
enum { NR_RECORDING_FORMAT = 1 };

/* One SetILFunctionBody ("setil"). */
typedef struct nr_rec_body nr_rec_body;
struct nr_rec_body {
    nr_str via; /* the interface: "info", "rejit" */
    nr_str hr;  /* eight hexadecimal digits */
    const uint8_t *il;
    uint32_t size;              /* 0: no body was given */
    const uint32_t *tokens;     /* offsets of metadata tokens, each with four bytes behind it */
    uint32_t token_count;
    const uint32_t *own_ids;    /* offsets of the function id of the very method, eight bytes: another in every process */
    uint32_t own_id_count;
    nr_rec_body *next;
};

/* What a callback for a method gave back, or what the CLR said of it: "getrejit", "jitret", "jitfail", … */
typedef struct nr_rec_result nr_rec_result;
struct nr_rec_result {
    nr_str ev, hr;
    nr_rec_result *next;
};

typedef struct nr_rec_assembly nr_rec_assembly;
typedef struct nr_rec_method nr_rec_method;
struct nr_rec_method {
    nr_rec_assembly *assembly;
    uint32_t token;
    nr_str type, name;
    nr_rec_body *bodies, *last_body; /* in the order in which they were written */
    uint32_t body_count;
    nr_rec_result *results, *last_result;
    nr_str original; /* hash of the original code, as text; n == 0: it was not asked for */
    nr_rec_method *next;
};

/* A metadata definition ("emit"). */
typedef struct nr_rec_definition nr_rec_definition;
struct nr_rec_definition {
    nr_str api, hr, name;
    uint32_t token;
    bool has_token;
    nr_rec_definition *next;
};

struct nr_rec_assembly {
    nr_str name;
    nr_map methods;  /* four bytes of the token: nr_rec_method */
    nr_map meanings; /* likewise: nr_rec_meaning */
    nr_rec_definition *definitions, *last_definition;
    nr_rec_assembly *next;
};

typedef struct nr_rec_meaning {
    uint32_t token;
    nr_str text;
} nr_rec_meaning;

typedef struct nr_rec_event nr_rec_event;
struct nr_rec_event {
    nr_str ev, text; /* the line without times */
    nr_rec_event *next;
};

typedef struct nr_recording {
    nr_str path;
    nr_str process, profiler; /* as the first line says; p == NULL: it does not */
    nr_arena arena;
    nr_map words; /* texts that repeat */
    nr_map assembly_map;
    nr_rec_assembly *assemblies, *last_assembly;
    nr_rec_method *methods, *last_method;
    size_t body_count;
    nr_rec_event *events, *last_event; /* start-up, flags, maps, warnings, calls of the agent: in order */
    nr_map requests;                   /* ReJIT requests and reverts as text: how often */
    cJSON *totals;                     /* the last line with counters and times; NULL: none */
    size_t lines, unreadable;
    size_t first_unreadable; /* line number */
    bool cut_off;            /* the last line has no end */
    uint32_t format;
} nr_recording;

/* Called now and then while a file is read: bytes read of all (0: nobody knows). */
typedef void nr_recording_progress(void *self, uint64_t done, uint64_t total);

/* Reads a file. NULL: all is well; else what is wrong with it, in the recording's arena. nr_recording_free in any case. */
const char *nr_recording_read(nr_recording *r, const char *path, nr_recording_progress *progress, void *self);
/* The same from a stream, from its beginning; it stays open. */
const char *nr_recording_read_stream(nr_recording *r, FILE *file);
void nr_recording_free(nr_recording *r);

/* NULL: there is none. */
nr_rec_assembly *nr_recording_assembly(const nr_recording *r, nr_str name);
nr_rec_method *nr_recording_method(const nr_rec_assembly *a, uint32_t token);
/* What a token means, resolved down to names; n == 0: the recording does not say. */
nr_str nr_recording_meaning(const nr_rec_assembly *a, uint32_t token);

#endif
