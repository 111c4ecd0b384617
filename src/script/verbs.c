/* The verbs of template bodies: IL mnemonics with '_' for '.', labels, regions and the holes.
 *
 * A verb appends one step to the blob that is being built. The encoding form is part of the verb (ldc_i4 is
 * always five bytes, ldc_i4_s two): an emitter that chose the shortest form would not give the reference's bytes. */
#include "base/buf.h"
#include "il/opcodes.h"
#include "script/host.h"

#include <string.h>

enum { MOST_STEPS = 100000, MOST_LABELS = 10000 };

typedef struct nr_builder {
    nr_script *s;
    nr_template *t;
    nr_buf steps;  /* nr_step[] */
    nr_buf labels; /* one byte each: 0 new, 1 used, 2 placed, 3 both */
    bool has_original, in_each, in_type;
    const char *library; /* of the last step that came from one */
} nr_builder;

static nr_builder *builder_of(lua_State *L)
{
    nr_builder *b = nr_script_of(L)->builder;
    if (!b) luaL_error(L, "instructions can only be written inside the body of a template");
    return b;
}

/* The name of a library from that of its chunk ("=name"); NULL for the file of the template itself ("=@"). */
static const char *library_of(nr_builder *b, const char *source)
{
    if (!strcmp(source, "=@")) return NULL;
    if (!b->library || strcmp(b->library, source + 1) != 0)
        b->library = nr_arena_str(&b->s->arena, nr_str_of(source + 1)).p;
    return b->library;
}

static nr_step *add(lua_State *L, nr_step_kind kind)
{
    nr_builder *b = builder_of(L);
    if (b->steps.size / sizeof(nr_step) >= MOST_STEPS) luaL_error(L, "a template of more than %d steps", MOST_STEPS);
    nr_step *step = (nr_step *)(void *)nr_buf_extend(&b->steps, sizeof *step);
    if (!step) nr_script_no_memory(L);
    memset(step, 0, sizeof *step);
    step->kind = (uint8_t)kind;
    /* The line that says which instruction this is: the first one outside the libraries would be
     * friendlier for shared parts, but it is the innermost one that has to be changed. */
    lua_Debug ar;
    for (int level = 1; !step->line && lua_getstack(L, level, &ar); level++) {
        /* Functions in C have no line: the verb itself, or a verb that was given another one to call. */
        if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0) continue;
        step->line = (uint32_t)ar.currentline;
        step->library = library_of(b, ar.source);
    }
    return step;
}

static void set_opcode(nr_step *step, nr_opcode op)
{
    uint16_t code = nr_opcodes[op].code;
    if (code >= NR_CODE_TWO_BYTES) step->code[step->code_size++] = 0xFE;
    step->code[step->code_size++] = (uint8_t)code;
}

static void no_arguments(lua_State *L, const char *verb)
{
    if (lua_gettop(L)) luaL_error(L, "'%s' takes no operand", verb);
}

/* "$name" -> name; NULL when the argument is no such text. */
static const char *hole_name(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TSTRING) return NULL;
    const char *text = lua_tostring(L, index);
    return text[0] == '$' && text[1] != '{' ? text + 1 : NULL;
}

static nr_number_hole number_hole(lua_State *L, const char *name)
{
#define X(id, text) \
    if (!strcmp(name, text)) return NR_NUMBER_##id;
    NR_NUMBER_HOLES(X)
#undef X
    return (nr_number_hole)luaL_error(L, "there is no number called '$%s'", name);
}

static nr_text_hole text_hole(lua_State *L, const char *name, size_t n)
{
#define X(id, text) \
    if (n == sizeof(text) - 1 && !memcmp(name, text, n)) return NR_TEXT_##id;
    NR_TEXT_HOLES(X)
#undef X
    lua_pushlstring(L, name, n);
    return (nr_text_hole)luaL_error(L, "there is no text called '$%s'", lua_tostring(L, -1));
}

/* A literal operand of `width` bytes, or a number hole where that is allowed. */
static int number_verb(lua_State *L, nr_opcode op, int width, const char *verb)
{
    const char *hole = hole_name(L, 1);
    if (hole) {
        if (width < 4) return luaL_error(L, "'%s' takes a literal number", verb);
        nr_number_hole which = number_hole(L, hole);
        nr_builder *b = builder_of(L);
        if (which == NR_NUMBER_ARGUMENT_INDEX && !b->in_each)
            return luaL_error(L, "'$argument_index' is known inside each_argument only");
        nr_step *step = add(L, NR_STEP_NUMBER);
        set_opcode(step, op);
        step->hole = (uint8_t)which;
        step->width = (uint8_t)width;
        return 0;
    }
    lua_Integer v = luaL_checkinteger(L, 1);
    lua_Integer least = width == 8 ? LUA_MININTEGER : -((lua_Integer)1 << (8 * width - 1));
    lua_Integer most = width == 8 ? LUA_MAXINTEGER : ((lua_Integer)1 << 8 * width) - 1;
    if (v < least || v > most) return luaL_error(L, "the operand of '%s' does not fit into %d byte(s)", verb, width);
    nr_step *step = add(L, NR_STEP_PLAIN);
    set_opcode(step, op);
    for (int i = 0; i < width; i++) step->code[step->code_size++] = (uint8_t)((lua_Unsigned)v >> 8 * i);
    return 0;
}

static int local_of(lua_State *L, int index)
{
    const nr_template *t = builder_of(L)->t;
    const char *name = luaL_checkstring(L, index);
    for (size_t i = 0; i < t->local_count; i++) {
        if (nr_str_is(t->locals[i].name, name)) return (int)i;
    }
    return luaL_error(L, "the template has no local called '%s'", name);
}

static int local_verb(lua_State *L, nr_opcode op)
{
    int local = local_of(L, 1);
    nr_step *step = add(L, NR_STEP_LOCAL);
    step->local = (uint16_t)local;
    step->store = op == NR_OP_STLOC;
    return 0;
}

static uint8_t *label_state(lua_State *L, int index)
{
    nr_builder *b = builder_of(L);
    lua_Integer n = luaL_checkinteger(L, index);
    if (n < 0 || (size_t)n >= b->labels.size) luaL_error(L, "this is no label; get one from label()");
    return &b->labels.data[n];
}

static int branch_verb(lua_State *L, nr_opcode op)
{
    *label_state(L, 1) |= 1;
    uint32_t target = (uint32_t)lua_tointeger(L, 1);
    nr_step *step = add(L, NR_STEP_BRANCH);
    set_opcode(step, op);
    step->target = target;
    return 0;
}

static const nr_text *parse_text(lua_State *L, int index, bool raw)
{
    nr_script *s = nr_script_of(L);
    nr_str text = nr_script_string(s, index, false);
    const char *why = NULL;
    const nr_text *t = raw ? nr_text_parse_raw(&s->arena, text, &why) : nr_text_parse(&s->arena, text, &why);
    if (!t && (!why || !strcmp(why, "out of memory"))) nr_script_no_memory(L); /* not the text's fault: see make_blob */
    if (!t) luaL_error(L, "'%s' is no type or method: %s", text.p, why);
    return t;
}

static int token_verb(lua_State *L, nr_opcode op, const char *verb)
{
    const char *hole = hole_name(L, 1);
    if (hole) {
        nr_token_hole which = NR_TOKEN_TEXT;
#define X(id, text) \
    if (!strcmp(hole, text)) which = NR_TOKEN_##id;
        NR_TOKEN_HOLES(X)
#undef X
        if (which == NR_TOKEN_TEXT) return luaL_error(L, "there is no token called '$%s'", hole);
        if (op != NR_OP_LDTOKEN) return luaL_error(L, "'%s' takes a type or method text", verb);
        if (which == NR_TOKEN_ARGUMENT_TYPE && !builder_of(L)->in_type)
            return luaL_error(L, "'$argument_type' is known inside with_argument_type only");
        nr_step *step = add(L, NR_STEP_TOKEN);
        set_opcode(step, op);
        step->hole = (uint8_t)which;
        return 0;
    }
    bool method = nr_opcodes[op].operand == NR_OPERAND_METHOD, field = nr_opcodes[op].operand == NR_OPERAND_FIELD;
    /* These take "[assembly]Name" as it stands, without the grammar. */
    bool raw = op == NR_OP_NEWARR || op == NR_OP_BOX || op == NR_OP_UNBOX_ANY;
    luaL_checkstring(L, 1);
    const nr_text *text = parse_text(L, 1, raw);
    if (nr_text_is_method(text) != method || nr_text_is_field(text) != field)
        return luaL_error(L, "'%s' takes the text of a %s", verb, method ? "method" : field ? "field" : "type");
    if (!nr_text_has_token(text))
        return luaL_error(L, "'%s' has no token: '%s' needs a class, as in 'class [mscorlib]System.Object'",
                          lua_tostring(L, 1), verb);
    nr_step *step = add(L, NR_STEP_TOKEN);
    set_opcode(step, op);
    step->text = text;
    return 0;
}

/* calli "static method text": where it belongs to does not matter, only its signature does. */
static int signature_verb(lua_State *L)
{
    luaL_checkstring(L, 1);
    const nr_text *text = parse_text(L, 1, false);
    if (!nr_text_is_method(text)) return luaL_error(L, "'calli' takes the text of a method");
    nr_step *step = add(L, NR_STEP_SIGNATURE);
    set_opcode(step, NR_OP_CALLI);
    step->text = text;
    return 0;
}

enum { MOST_PIECES = 15 };

/* Splits "a${hole}b" into pieces; returns their number. */
static size_t parse_pieces(lua_State *L, const char *p, const char *end, nr_text_piece *pieces)
{
    nr_script *s = nr_script_of(L);
    size_t count = 0;
    while (p < end) {
        const char *mark = p;
        while (mark < end && !(mark[0] == '$' && mark + 1 < end && mark[1] == '{')) mark++;
        if (count + 2 > MOST_PIECES) luaL_error(L, "a text of more than %d pieces", MOST_PIECES);
        if (mark > p) {
            pieces[count].hole = NR_TEXT_LITERAL;
            pieces[count].literal = nr_arena_str(&s->arena, (nr_str){p, (size_t)(mark - p)});
            if (!pieces[count++].literal.p) nr_script_no_memory(L);
        }
        if (mark == end) break;
        const char *close = memchr(mark, '}', (size_t)(end - mark));
        if (!close) {
            luaL_error(L, "'${' without '}'");
            break;
        }
        pieces[count].hole = text_hole(L, mark + 2, (size_t)(close - mark - 2));
        pieces[count++].literal = (nr_str){NULL, 0};
        p = close + 1;
    }
    return count;
}

static int string_verb(lua_State *L, bool trim)
{
    size_t n, count = 1;
    const char *text = luaL_checklstring(L, 1, &n), *hole = hole_name(L, 1);
    nr_text_piece pieces[MOST_PIECES];
    if (hole) {
        pieces[0].hole = text_hole(L, hole, strlen(hole));
        pieces[0].literal = (nr_str){NULL, 0};
    } else {
        count = parse_pieces(L, text, text + n, pieces);
    }
    const nr_text_piece *copy = nr_arena_copy(&nr_script_of(L)->arena, pieces, count * sizeof pieces[0]);
    if (!copy) return nr_script_no_memory(L);
    nr_step *step = add(L, NR_STEP_STRING);
    set_opcode(step, NR_OP_LDSTR);
    step->pieces = copy;
    step->piece_count = count;
    step->trim = trim;
    return 0;
}

/* Every mnemonic: upvalue 1 is the opcode, upvalue 2 the verb's name. */
static int mnemonic_verb(lua_State *L)
{
    nr_opcode op = (nr_opcode)lua_tointeger(L, lua_upvalueindex(1));
    const char *verb = lua_tostring(L, lua_upvalueindex(2));
    builder_of(L);
    if ((op == NR_OP_LDLOC || op == NR_OP_STLOC) && lua_type(L, 1) == LUA_TSTRING) return local_verb(L, op);
    switch ((nr_operand)nr_opcodes[op].operand) {
    case NR_OPERAND_NONE: {
        no_arguments(L, verb);
        nr_step *step = add(L, NR_STEP_PLAIN);
        set_opcode(step, op);
        return 0;
    }
    case NR_OPERAND_SHORT_VAR:
    case NR_OPERAND_SHORT_I: return number_verb(L, op, 1, verb);
    case NR_OPERAND_VAR: return number_verb(L, op, 2, verb);
    case NR_OPERAND_I: return number_verb(L, op, 4, verb);
    case NR_OPERAND_I8: return number_verb(L, op, 8, verb);
    case NR_OPERAND_BR: return branch_verb(L, op);
    case NR_OPERAND_METHOD:
    case NR_OPERAND_FIELD:
    case NR_OPERAND_TYPE:
    case NR_OPERAND_TOK: return token_verb(L, op, verb);
    case NR_OPERAND_SIG: return signature_verb(L);
    case NR_OPERAND_STRING: return string_verb(L, false);
    default: return luaL_error(L, "'%s' cannot be used in a template", verb);
    }
}

static int verb_ldstr_trimmed(lua_State *L)
{
    return string_verb(L, true);
}

static int verb_label(lua_State *L)
{
    nr_builder *b = builder_of(L);
    if (b->in_each) return luaL_error(L, "labels and try_catch cannot be repeated for each argument");
    if (b->labels.size >= MOST_LABELS) return luaL_error(L, "more than %d labels", MOST_LABELS);
    nr_buf_u8(&b->labels, 0);
    if (b->labels.failed) return nr_script_no_memory(L);
    lua_pushinteger(L, (lua_Integer)b->labels.size - 1);
    return 1;
}

static int verb_place(lua_State *L)
{
    uint8_t *state = label_state(L, 1);
    if (*state & 2) return luaL_error(L, "the label has its place already");
    *state |= 2;
    add(L, NR_STEP_LABEL)->target = (uint32_t)lua_tointeger(L, 1);
    return 0;
}

/* try_catch(body, type, handler): both parts end with a leave to the position behind the handler. */
static int verb_try_catch(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_checktype(L, 2, LUA_TSTRING);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    const nr_text *type = parse_text(L, 2, true);
    verb_label(L);
    uint32_t done = (uint32_t)lua_tointeger(L, 4);
    add(L, NR_STEP_TRY);
    for (int part = 1; part <= 3; part += 2) {
        lua_pushvalue(L, part);
        lua_call(L, 0, 0);
        nr_step *step = add(L, NR_STEP_BRANCH);
        set_opcode(step, NR_OP_LEAVE);
        step->target = done;
        if (part == 1)
            add(L, NR_STEP_CATCH)->text = type;
        else
            add(L, NR_STEP_END_CATCH);
    }
    builder_of(L)->labels.data[done] = 3;
    add(L, NR_STEP_LABEL)->target = done;
    return 0;
}

static int verb_original(lua_State *L)
{
    nr_builder *b = builder_of(L);
    no_arguments(L, "original");
    if (b->t->prepare == NR_PREPARE_NONE) return luaL_error(L, "this template replaces the method (rets = \"none\")");
    if (b->has_original) return luaL_error(L, "the method's own code can be used only once");
    if (b->in_each) return luaL_error(L, "the method's own code cannot be repeated for each argument");
    b->has_original = true;
    add(L, NR_STEP_ORIGINAL);
    return 0;
}

/* Steps between `begin` and `end`, which know of each other. */
static void bracket(lua_State *L, nr_step_kind begin, nr_step_kind end)
{
    nr_builder *b = builder_of(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    size_t at = b->steps.size;
    add(L, begin);
    lua_pushvalue(L, 1);
    lua_call(L, 0, 0);
    uint32_t last = (uint32_t)(b->steps.size / sizeof(nr_step));
    add(L, end)->target = (uint32_t)(at / sizeof(nr_step));
    ((nr_step *)(void *)(b->steps.data + at))->target = last;
}

static int verb_each_argument(lua_State *L)
{
    nr_builder *b = builder_of(L);
    if (b->in_each) return luaL_error(L, "each_argument inside each_argument");
    b->in_each = true;
    bracket(L, NR_STEP_EACH_ARGUMENT, NR_STEP_END_EACH);
    b->in_each = false;
    return 0;
}

static int inside_each(lua_State *L, const char *verb)
{
    if (!builder_of(L)->in_each) return luaL_error(L, "'%s' can be used inside each_argument only", verb);
    return 0;
}

static int verb_with_argument_type(lua_State *L)
{
    inside_each(L, "with_argument_type");
    nr_builder *b = builder_of(L);
    if (b->in_type) return luaL_error(L, "with_argument_type inside with_argument_type");
    b->in_type = true;
    bracket(L, NR_STEP_ARGUMENT_TYPE, NR_STEP_END_TYPE);
    b->in_type = false;
    return 0;
}

static int verb_ldarg_boxed(lua_State *L)
{
    no_arguments(L, "ldarg_boxed");
    inside_each(L, "ldarg_boxed");
    add(L, NR_STEP_LDARG_BOXED);
    return 0;
}

static int verb_ldloc_boxed(lua_State *L)
{
    int local = local_of(L, 1);
    if (builder_of(L)->t->locals[local].type) return luaL_error(L, "only the result (\"$return\") can be loaded boxed");
    add(L, NR_STEP_LDLOC_BOXED)->local = (uint16_t)local;
    return 0;
}

/* Is `verb` how templates write this mnemonic: "ldarg_0" for ldarg.0, and "not_" for what Lua keeps for itself? */
static bool writes(const char *verb, const char *mnemonic)
{
    static const char *const reserved[] = {"and", "break", "not", "or"};
    const char *of = mnemonic;
    for (; *of && *verb == (*of == '.' ? '_' : *of); of++) verb++;
    if (*of) return false;
    for (size_t i = 0; i < NR_COUNT(reserved); i++) {
        if (!strcmp(mnemonic, reserved[i])) return !strcmp(verb, "_");
    }
    return !*verb;
}

bool nr_verbs_push(lua_State *L, const char *verb)
{
    for (int op = 0; op < NR_OP_COUNT; op++) {
        const char *mnemonic = nr_opcodes[op].mnemonic;
        if (*mnemonic != *verb || !writes(verb, mnemonic)) continue;
        lua_pushinteger(L, op);
        lua_pushstring(L, verb);
        lua_pushcclosure(L, mnemonic_verb, 2);
        return true;
    }
    return false;
}

void nr_verbs_open(nr_script *s)
{
    static const luaL_Reg verbs[] = {{"ldstr_trimmed", verb_ldstr_trimmed},
                                     {"label", verb_label},
                                     {"place", verb_place},
                                     {"try_catch", verb_try_catch},
                                     {"original", verb_original},
                                     {"each_argument", verb_each_argument},
                                     {"with_argument_type", verb_with_argument_type},
                                     {"ldarg_boxed", verb_ldarg_boxed},
                                     {"ldloc_boxed", verb_ldloc_boxed},
                                     {NULL, NULL}};
    luaL_setfuncs(s->L, verbs, 0);
}

/* m.is_static and so on; anything else is an error, so that no template depends on what is not in its shape. */
static int unknown_fact(lua_State *L)
{
    return luaL_error(L, "a template cannot see 'm.%s': use a hole ('$…') or one of is_static, returns, cached",
                      luaL_tolstring(L, 2, NULL));
}

static void push_shape(lua_State *L, unsigned shape)
{
    lua_newtable(L);
    lua_pushboolean(L, (shape & NR_SHAPE_STATIC) != 0);
    lua_setfield(L, -2, "is_static");
    lua_pushboolean(L, (shape & NR_SHAPE_RETURNS) != 0);
    lua_setfield(L, -2, "returns");
    lua_pushboolean(L, (shape & NR_SHAPE_CACHED) != 0);
    lua_setfield(L, -2, "cached");
    lua_newtable(L);
    lua_pushcfunction(L, unknown_fact);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* What is missing has no line: that of the body's first one stands for it. "@" is the file (nr_sandbox_load). */
static void missing(nr_builder *b, const char *what)
{
    lua_State *L = b->s->L;
    lua_Debug ar;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->t->body);
    lua_getinfo(L, ">S", &ar);
    luaL_error(L, "@:%d: template '%s' %s", ar.linedefined, b->t->name.p, what);
}

static const nr_blob *finish(nr_builder *b)
{
    lua_State *L = b->s->L;
    nr_template *t = b->t;
    for (size_t i = 0; i < b->labels.size; i++) {
        if (b->labels.data[i] == 1) missing(b, "branches to a label without a place");
    }
    if (!b->has_original && t->prepare != NR_PREPARE_NONE) missing(b, "never uses the method's own code (original())");
    nr_blob *blob = nr_arena_zalloc(&b->s->arena, 1, sizeof *blob);
    if (!blob) nr_script_no_memory(L);
    blob->steps = nr_arena_copy(&b->s->arena, b->steps.data, b->steps.size);
    if (!blob->steps) nr_script_no_memory(L);
    blob->step_count = b->steps.size / sizeof(nr_step);
    blob->label_count = (uint32_t)b->labels.size;
    blob->template_name = t->name;
    blob->file = t->file;
    blob->prepare = t->prepare;
    blob->tiny = t->tiny;
    blob->stack_at_least = t->stack_at_least;
    blob->stack_over_arguments = t->stack_over_arguments;
    blob->stack_exact = t->stack_exact;
    blob->locals = t->locals;
    blob->local_count = t->local_count;
    return blob;
}

/* Runs under its own lua_pcall, so that the builder's buffers are freed whatever happens. */
static int run_protected(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    unsigned shape = (unsigned)lua_tointeger(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->builder->t->body);
    push_shape(L, shape);
    lua_call(L, 1, 0);
    lua_pushlightuserdata(L, (void *)finish(s->builder));
    return 1;
}

const nr_blob *nr_verbs_run(nr_script *s, nr_template *t, unsigned shape)
{
    lua_State *L = s->L;
    nr_builder b = {s, t, NR_BUF_INIT, NR_BUF_INIT, false, false, false, NULL};
    const nr_blob *blob = NULL;
    s->builder = &b;
    lua_pushcfunction(L, run_protected);
    lua_pushinteger(L, (lua_Integer)shape);
    int status = lua_pcall(L, 1, 1, 0);
    s->builder = NULL;
    nr_buf_free(&b.steps);
    nr_buf_free(&b.labels);
    if (status != LUA_OK) lua_error(L);
    blob = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return blob;
}
