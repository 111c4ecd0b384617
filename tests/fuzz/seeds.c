/* fuzz_seeds DIRECTORY: first inputs for the targets that read what compilers write, from the shared frameworks that are
 * installed (one method in a few hundred, so that every kind is there) and from small texts. */
#include "fuzz.h"

#include "../unit/sim/framework.h"
#include "../unit/sim/tiny_image.h"

enum { EVERY_BODY = 251, EVERY_SIGNATURE = 401, LARGEST_BODY = 900, LARGEST_IMAGE = 12000, MOST_IMAGES = 12 };

static const char *directory;
static unsigned seen_methods, written;

static void put(const char *target, unsigned number, const void *bytes, size_t size)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s/seed-%u", directory, target, number);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) {
        fprintf(stderr, "fuzz_seeds: cannot write %s\n", path);
        exit(1);
    }
    written++;
}

static void body_seed(const uint8_t *body, size_t size)
{
    put("fuzz_body", seen_methods, body, size);
    if ((body[0] & 3) == 3 && size > 12) {
        size_t code = 12 + nr_get_u32(body + 4);
        code = (code + 3) & ~(size_t)3;
        if (code < size) put("fuzz_sections", seen_methods, body + code, size - code);
    }
}

static void method_seeds(const nr_md *md, uint32_t rid)
{
    const uint8_t *p;
    size_t size;
    uint32_t n;
    bool damaged;
    seen_methods++;
    if (seen_methods % EVERY_BODY == 0 && nr_md_body(md, rid, &p, &size, &damaged) && size <= LARGEST_BODY)
        body_seed(p, size);
    if (seen_methods % EVERY_SIGNATURE == 0 && nr_md_bytes(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_SIG, &p, &n))
        put("fuzz_signature", seen_methods, p, n);
}

static void image_seed(nr_str path)
{
    static unsigned images;
    nr_buf bytes = NR_BUF_INIT;
    if (images < MOST_IMAGES && nr_os_read_file(path, &bytes) && bytes.size <= LARGEST_IMAGE)
        put("fuzz_image", images++, bytes.data, bytes.size);
    nr_buf_free(&bytes);
}

static void file_seeds(void *self, const nr_md *md, nr_str path)
{
    (void)self;
    for (uint32_t rid = 1; rid <= nr_md_rows(md, NR_TAB_METHOD_DEF); rid++) method_seeds(md, rid);
    image_seed(path);
}

static void tiny_seeds(void)
{
    static const unsigned kinds[] = {0, TINY_PLUS, TINY_WIDE, TINY_MINUS};
    for (size_t i = 0; i < NR_COUNT(kinds); i++) {
        nr_buf image = NR_BUF_INIT;
        tiny_image(&image, kinds[i]);
        put("fuzz_image", 1000 + (unsigned)i, image.data, image.size);
        nr_buf_free(&image);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: fuzz_seeds DIRECTORY\n", stderr);
        return 2;
    }
    directory = argv[1];
    tiny_seeds();
    if (!nr_each_framework_file(file_seeds, NULL)) puts("no shared framework is installed: seeds are few");
    printf("%u seeds\n", written);
    return 0;
}
