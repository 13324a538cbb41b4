/* Watches what the processes of a build read: preloaded into each of them (LD_PRELOAD, ld.so(8)).
 *
 * Every process maps one trace file and puts records of text into it:
 *
 *     LETTER NUMBER ' ' TEXT '\0'
 *
 * NUMBER is that of the process: one for each program that was started. A forked child shares its parent's.
 *
 *     P  parent, program, working folder, arguments        R  opened for reading, or loaded as a library
 *     X  child's number, path: a program is started        M  looked for, and not there
 *     F  child's number: that start failed                 S  looked at, and there
 *     U  child's number, reason, program: cannot be seen   L  a folder was listed
 *     W  opened for writing, created                       T  a whole tree was listed
 *     D  removed, or renamed to another name               E  a variable was asked for
 *     N  connected to a socket
 *
 * Fields are separated by \x01. A child that starts and can be seen writes a P with the number that X announced. The
 * reader takes an X without its P for a program that was not seen: so it is safe to do nothing when anything goes wrong.
 *
 * Programs never see our two variables: they are taken out of the environment at the start, and put into a copy of it
 * for each program that is started.
 *
 * Not seen: what the C library reads by itself (the loader's search and cache, locales, users), and system calls that
 * a program makes without the C library.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY)
#endif
#ifndef O_PATH
#define O_PATH 010000000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* --- hooks ------------------------------------------------------------------------------------------------------ */

/* A hook has a name of its own in C, and the name of what it replaces in the object file only. So it does not matter
 * how the headers of this C library declare that function, or whether they know it at all. The table, which the linker
 * puts together, is for finding all functions at the start: dlsym() is not for signal handlers and children of vfork. */
struct hook {
    const char *name;
    void **real;
};

#define HOOK(type, name, parameters)                                                                                   \
    static type(*real_##name) parameters;                                                                              \
    static const struct hook hook_##name __attribute__((section("hooks"), used)) = {#name, (void **)&real_##name};     \
    __attribute__((visibility("default"), noinline)) type tw_##name parameters __asm__(#name);                         \
    type tw_##name parameters

extern const struct hook __start_hooks[] __attribute__((visibility("hidden")));
extern const struct hook __stop_hooks[] __attribute__((visibility("hidden")));

/* --- the trace -------------------------------------------------------------------------------------------------- */

#define MAGIC "twtrace1"
#define VARIABLE "TRUEWHEEL_OBSERVE="
#define PRELOAD "LD_PRELOAD="
#define ROOM 4352 /* PATH_MAX and a little */

struct header {
    char magic[8];
    uint64_t offset;  /* of the next record */
    uint32_t numbers; /* that were given to processes */
    uint32_t is_full; /* a record did not fit */
    char reserved[40];
};

enum { UNKNOWN, STARTING, WATCHING, OFF };

static int state = UNKNOWN;
static int *starter; /* errno of the thread that starts */
static struct header *trace;
static size_t trace_size;
static char trace_path[ROOM];
static char own_path[ROOM];
static char program_path[ROOM];
static char loader_path[ROOM];
static unsigned own_number;
static char own_number_text[16];
static size_t own_number_length;

static void start(void);
static int jumps(void);

/* Wait while another thread starts. What the starting thread itself calls is not watched. */
static int wait_for_start(void) {
    int patience = 100000, now = STARTING;
    while (__atomic_load_n(&starter, __ATOMIC_ACQUIRE) != &errno && now == STARTING && patience--) {
        sched_yield();
        now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
    }
    return now;
}

static inline int is_watching(void) {
    int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
    if (__builtin_expect(now == UNKNOWN, 0)) {
        start();
        now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
    }
    if (__builtin_expect(now == STARTING, 0)) now = wait_for_start();
    return now == WATCHING;
}

/* Functions of which glibc has an old version beside the present one, with the version to ask for. Before 2.37, dlsym()
 * may give the old one (sourceware.org, bug 14932), and the old realpath() for instance needs a buffer. */
static const char *const versions[][2] = {
    {"realpath", "GLIBC_2.3"},       {"glob", "GLIBC_2.27"},      {"glob64", "GLIBC_2.27"},
    {"nftw", "GLIBC_2.3.3"},         {"nftw64", "GLIBC_2.3.3"},   {"posix_spawn", "GLIBC_2.15"},
    {"posix_spawnp", "GLIBC_2.15"},
    /* Of x86 with 32 bits. */
    {"fopen", "GLIBC_2.1"},          {"fopen64", "GLIBC_2.1"},    {"popen", "GLIBC_2.1"},
    {"scandir64", "GLIBC_2.2"},
};

/* musl does not have it. */
extern void *dlvsym(void *, const char *, const char *) __attribute__((weak));

/* Return the function that a hook stands before, or NULL when this C library does not have it. */
static void *find(const char *name) {
    size_t i;
    for (i = 0; dlvsym && i < sizeof versions / sizeof *versions; i++) {
        if (strcmp(name, versions[i][0])) continue;
        void *found = dlvsym(RTLD_NEXT, name, versions[i][1]);
        if (found) return found;
    }
    return dlsym(RTLD_NEXT, name);
}

/* Hooks call it first: a library's constructor may run before ours. */
#define ENTER(name, failure)                                                                                           \
    is_watching();                                                                                                     \
    if (!real_##name) {                                                                                                \
        *(void **)&real_##name = find(#name);                                                                          \
        if (!real_##name) {                                                                                            \
            errno = ENOSYS;                                                                                            \
            return failure;                                                                                            \
        }                                                                                                              \
    }

struct piece {
    const char *text;
    size_t length;
};

/* Return where a record of so many bytes may be written, or NULL. */
static char *reserve(size_t length) {
    uint64_t at = __atomic_fetch_add(&trace->offset, length, __ATOMIC_RELAXED);
    if (at + length > trace_size) {
        __atomic_store_n(&trace->is_full, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    return (char *)trace + at;
}

/* Write a record. Its first byte comes last: without it, the reader knows that the writer was killed. */
static void record(char letter, const struct piece *pieces, int count) {
    size_t length = own_number_length + 3;
    int i;
    for (i = 0; i < count; i++) length += pieces[i].length;
    char *first = reserve(length);
    if (!first) return;
    char *at = first + 1;
    memcpy(at, own_number_text, own_number_length);
    at += own_number_length;
    *at++ = ' ';
    for (i = 0; i < count; i++) {
        memcpy(at, pieces[i].text, pieces[i].length);
        at += pieces[i].length;
    }
    __atomic_store_n(first, letter, __ATOMIC_RELEASE);
}

static size_t decimal(unsigned value, char *out) {
    char digits[16];
    size_t count = 0, i;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    for (i = 0; i < count; i++) out[i] = digits[count - 1 - i];
    out[count] = 0;
    return count;
}

/* Write a record of a number and up to two texts. */
static void record_child(char letter, unsigned child, const char *first, const char *second) {
    char digits[16];
    struct piece pieces[5] = {{digits, decimal(child, digits)}};
    int count = 1;
    if (first) pieces[count++] = (struct piece){"\1", 1}, pieces[count++] = (struct piece){first, strlen(first)};
    if (second) pieces[count++] = (struct piece){"\1", 1}, pieces[count++] = (struct piece){second, strlen(second)};
    record(letter, pieces, count);
}

static void record_unseen(const char *reason) { record_child('U', 0, reason, program_path); }

#define SEEN 8192 /* hashes, a power of two */
static uint64_t seen[SEEN];

/* Return whether this process has written such a record before. When the table is crowded, some come twice. */
static int is_known(char letter, const char *text, size_t length) {
    uint64_t hash = 14695981039346656037u ^ (unsigned char)letter;
    size_t i;
    for (i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    hash ^= hash >> 32;
    if (!hash) hash = 1;
    for (i = 0; i < 16; i++) {
        uint64_t *place = &seen[(hash + i) & (SEEN - 1)];
        uint64_t there = __atomic_load_n(place, __ATOMIC_RELAXED);
        if (there == hash) return 1;
        if (!there) {
            __atomic_store_n(place, hash, __ATOMIC_RELAXED);
            return 0;
        }
    }
    return 0;
}

static void note_text(char letter, const char *text, size_t length) {
    struct piece piece = {text, length};
    if (!is_known(letter, text, length)) record(letter, &piece, 1);
}

/* --- paths ------------------------------------------------------------------------------------------------------ */

HOOK(int, openat, (int, const char *, int, ...));
HOOK(ssize_t, readlink, (const char *, char *, size_t));
HOOK(long, syscall, (long, long, long, long, long, long, long));

static long is_there(int folder, const char *path, int mode) {
    return real_syscall(SYS_faccessat, folder, (long)path, mode, 0, 0, 0) == 0;
}

/* Write the path of an open descriptor, and return its length or 0. */
static size_t path_of_descriptor(int descriptor, char *out) {
    char link[32] = "/proc/self/fd/";
    decimal((unsigned)descriptor, link + 14);
    ssize_t length = descriptor < 0 ? -1 : real_readlink(link, out, PATH_MAX - 1);
    if (length <= 0 || out[0] != '/') return 0;
    out[length] = 0;
    return (size_t)length;
}

/* Write an absolute path without "//", "/./" and a last "/", and return its length or 0. */
static size_t absolute(char *out, int folder, const char *path) {
    size_t length = 0;
    if (*path != '/') {
        if (folder == AT_FDCWD) {
            if (!getcwd(out, PATH_MAX) || out[0] != '/') return 0;
            length = strlen(out);
        } else {
            length = path_of_descriptor(folder, out);
            if (!length) return 0;
        }
        if (length == 1) length = 0;
    }
    while (*path) {
        const char *end = path;
        while (*end && *end != '/') end++;
        size_t part = (size_t)(end - path);
        if (part && !(part == 1 && *path == '.')) {
            if (length + part + 3 > ROOM) return 0;
            out[length++] = '/';
            memcpy(out + length, path, part);
            length += part;
        }
        path = *end ? end + 1 : end;
    }
    if (!length) out[length++] = '/';
    out[length] = 0;
    return length;
}

static void note_at(char letter, int folder, const char *path) {
    int saved = errno;
    char text[ROOM];
    if (path && *path && is_watching()) {
        size_t length = absolute(text, folder, path);
        /* "file/" is not there though "file" is: such a question keeps its slash. */
        if (letter == 'M' && length > 1 && path[strlen(path) - 1] == '/') text[length++] = '/';
        if (length) note_text(letter, text, length);
        else if (!is_known('U', path, strlen(path))) record_unseen("a path has no absolute name");
    }
    errno = saved;
}

/* Note how a question for a path was answered: `letter` when it succeeded. */
static void answered(int is_fine, char letter, int folder, const char *path) {
    if (is_fine) {
        note_at(letter, folder, path);
        return;
    }
    switch (errno) {
    case ENOENT:
    case ENOTDIR: note_at('M', folder, path); break;
    /* These tell nothing of the path. */
    case EFAULT:
    case EBADF:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EINTR:
    case ENOSYS:
    case ENAMETOOLONG: break;
    /* It is there, but for instance may not be opened. */
    default: note_at('S', folder, path);
    }
}

static void note_descriptor(char letter, int descriptor) {
    int saved = errno;
    char text[ROOM];
    if (is_watching()) {
        size_t length = path_of_descriptor(descriptor, text);
        if (length) note_text(letter, text, length);
    }
    errno = saved;
}

/* --- libraries -------------------------------------------------------------------------------------------------- */

static int note_library(struct dl_phdr_info *info, size_t size, void *data) {
    int *count = data;
    (void)size;
    /* The first is the program, which musl gives the name that it was called by. */
    if ((*count)++ == 0) return 0;
    if (info->dlpi_name && strchr(info->dlpi_name, '/') && strcmp(info->dlpi_name, own_path))
        note_at('R', AT_FDCWD, info->dlpi_name);
    return 0;
}

static void note_libraries(void) {
    int count = 0, saved = errno;
    dl_iterate_phdr(note_library, &count);
    errno = saved;
}

static int has_loaded_more;

/* Note the libraries that dlopen() has loaded, and those that they need. */
static void note_loaded(void) {
    if (!__atomic_load_n(&has_loaded_more, __ATOMIC_RELAXED) || !is_watching()) return;
    __atomic_store_n(&has_loaded_more, 0, __ATOMIC_RELAXED);
    note_libraries();
}

/* Keep the program's loader; it is the first object's, the program's. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *data) {
    int i;
    (void)size, (void)data;
    for (i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_INTERP) continue;
        const char *name = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        if (strlen(name) < sizeof loader_path) strcpy(loader_path, name);
    }
    return 1;
}

/* --- the start of a process ------------------------------------------------------------------------------------- */

/* Take our library off the end of LD_PRELOAD. Return whether the variable was there for it alone. */
static int restore_preload(char *value) {
    size_t length = strlen(value), ours = strlen(own_path);
    if (length < ours || strcmp(value + length - ours, own_path)) return 0;
    if (length == ours) return 1;
    if (value[length - ours - 1] == ':') value[length - ours - 1] = 0;
    return 0;
}

/* Take our variables out of the environment, and return what VARIABLE said. */
static char *hide(void) {
    char **from, **to, *said = NULL;
    if (!environ) return NULL;
    for (from = to = environ; *from; from++) {
        if (!strncmp(*from, VARIABLE, sizeof VARIABLE - 1)) {
            said = *from + sizeof VARIABLE - 1;
            continue;
        }
        if (!strncmp(*from, PRELOAD, sizeof PRELOAD - 1) && restore_preload(*from + sizeof PRELOAD - 1)) continue;
        *to++ = *from;
    }
    *to = NULL;
    return said;
}

static int map_trace(void) {
    int file = real_openat(AT_FDCWD, trace_path, O_RDWR | O_CLOEXEC);
    if (file < 0) return 0;
    off_t size = lseek(file, 0, SEEK_END);
    void *there = MAP_FAILED;
    if (size > (off_t)sizeof *trace) there = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (there == MAP_FAILED) return 0;
    trace = there;
    trace_size = (size_t)size;
    return !memcmp(trace->magic, MAGIC, sizeof trace->magic);
}

/* Write P. The arguments go from /proc into the trace without a copy: there may be megabytes of them. */
static void record_start(unsigned parent) {
    char digits[16], folder[ROOM], block[4096];
    ssize_t length = real_readlink("/proc/self/exe", program_path, sizeof program_path - 1);
    program_path[length > 0 ? length : 0] = 0;
    if (!getcwd(folder, sizeof folder)) folder[0] = 0;
    size_t digit_count = decimal(parent, digits), program = strlen(program_path), cwd = strlen(folder);
    size_t arguments = 0, copied = 0;
    ssize_t got;
    int file = real_openat(AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    while (file >= 0 && (got = read(file, block, sizeof block)) > 0) arguments += (size_t)got;
    size_t fixed = 1 + own_number_length + 1 + digit_count + 1 + program + 1 + cwd + 1;
    char *first = reserve(fixed + arguments + 1), *at = first;
    if (first) {
        at++;
        memcpy(at, own_number_text, own_number_length), at += own_number_length;
        *at++ = ' ';
        memcpy(at, digits, digit_count), at += digit_count;
        *at++ = 1;
        memcpy(at, program_path, program), at += program;
        *at++ = 1;
        memcpy(at, folder, cwd), at += cwd;
        *at++ = 1;
        if (file >= 0) lseek(file, 0, SEEK_SET);
        while (copied < arguments && (got = read(file, at, arguments - copied)) > 0) {
            size_t i;
            for (i = 0; i < (size_t)got; i++)
                if (!at[i]) at[i] = 1;
            at += got, copied += (size_t)got;
        }
        /* Its length was reserved: what could not be read is filled. */
        memset(at, 1, arguments - copied);
        __atomic_store_n(first, 'P', __ATOMIC_RELEASE);
    }
    if (file >= 0) close(file);
}

/* Begin from what VARIABLE said: the trace's path, the parent's number, our own number or 0. */
static int begin(const char *said) {
    const char *end = strchr(said, 1);
    if (!end || (size_t)(end - said) >= sizeof trace_path) return 0;
    memcpy(trace_path, said, (size_t)(end - said));
    trace_path[end - said] = 0;
    char *rest;
    unsigned parent = (unsigned)strtoul(end + 1, &rest, 10);
    if (*rest != 1) return 0;
    own_number = (unsigned)strtoul(rest + 1, NULL, 10);
    if (!map_trace()) return 0;
    if (!own_number) own_number = __atomic_add_fetch(&trace->numbers, 1, __ATOMIC_RELAXED);
    own_number_length = decimal(own_number, own_number_text);
    dl_iterate_phdr(find_loader, NULL);
    record_start(parent);
    return 1;
}

static void start(void) {
    int expected = UNKNOWN, saved = errno;
    /* The C library has not begun yet: a sanitizer's runtime calls functions before. */
    if (!environ) return;
    if (!__atomic_compare_exchange_n(&state, &expected, STARTING, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return;
    __atomic_store_n(&starter, &errno, __ATOMIC_RELEASE);
    const struct hook *hook;
    for (hook = __start_hooks; hook < __stop_hooks; hook++) *hook->real = find(hook->name);
    Dl_info own;
    if (dladdr((void *)start, &own) && own.dli_fname && strlen(own.dli_fname) < sizeof own_path)
        strcpy(own_path, own.dli_fname);
    char *said = hide();
    int is_fine = said && jumps() && real_openat && real_readlink && real_syscall && begin(said);
    __atomic_store_n(&state, is_fine ? WATCHING : OFF, __ATOMIC_RELEASE);
    if (is_fine) note_libraries();
    errno = saved;
}

__attribute__((constructor)) static void constructed(void) { is_watching(); }

__attribute__((destructor)) static void ended(void) { note_loaded(); }

/* --- starting other programs ------------------------------------------------------------------------------------ */

static size_t read_at(int file, void *out, size_t size, uint64_t offset) {
    ssize_t got = pread(file, out, size, (off_t)offset);
    return got > 0 ? (size_t)got : 0;
}

static uint64_t offset_of(const ElfW(Phdr) * headers, int count, uint64_t address) {
    int i;
    for (i = 0; i < count; i++)
        if (headers[i].p_type == PT_LOAD && address >= headers[i].p_vaddr &&
            address < headers[i].p_vaddr + headers[i].p_filesz)
            return address - headers[i].p_vaddr + headers[i].p_offset;
    return 0;
}

/* Return whether a program needs a sanitizer's runtime, libasan.so.8 or its like: that insists on being the first
 * library. */
static int needs_sanitizer(int file, const ElfW(Phdr) * headers, int count, const ElfW(Phdr) * dynamic) {
    ElfW(Dyn) entries[128];
    size_t wanted = dynamic->p_filesz < sizeof entries ? dynamic->p_filesz : sizeof entries;
    size_t number = read_at(file, entries, wanted, dynamic->p_offset) / sizeof *entries, i;
    uint64_t names = 0;
    for (i = 0; i < number; i++)
        if (entries[i].d_tag == DT_STRTAB) names = offset_of(headers, count, entries[i].d_un.d_ptr);
    for (i = 0; names && i < number && entries[i].d_tag != DT_NULL; i++) {
        char name[48];
        if (entries[i].d_tag != DT_NEEDED) continue;
        size_t got = read_at(file, name, sizeof name - 1, names + entries[i].d_un.d_val);
        name[got] = 0;
        /* That for undefined behaviour does not mind. */
        if (strstr(name, "ubsan")) continue;
        char *end = strstr(name, "san.so");
        if (!strncmp(name, "lib", 3) && end && end - name <= 8) return 1;
        /* libclang_rt.asan-x86_64.so */
        if (!strncmp(name, "libclang_rt.", 12) && strstr(name, "san")) return 1;
    }
    return 0;
}

/* Return whether a note of Go's linker is in a program: such programs call the kernel without the C library, even where
 * they are linked with it. */
static int is_made_by_go(int file, const ElfW(Phdr) * headers, int count) {
    int i;
    for (i = 0; i < count; i++) {
        ElfW(Nhdr) note;
        char block[512];
        if (headers[i].p_type != PT_NOTE) continue;
        size_t wanted = headers[i].p_filesz < sizeof block ? headers[i].p_filesz : sizeof block;
        size_t got = read_at(file, block, wanted, headers[i].p_offset), at = 0;
        while (at + sizeof note + 4 <= got) {
            memcpy(&note, block + at, sizeof note);
            if (note.n_namesz == 4 && !memcmp(block + at + sizeof note, "Go\0", 4)) return 1;
            at += sizeof note + (((size_t)note.n_namesz + 3) & ~(size_t)3) + (((size_t)note.n_descsz + 3) & ~(size_t)3);
        }
    }
    return 0;
}

static int is_same_file(const char *first, const char *second) {
    struct stat one, two;
    int a, b, is_same = 0;
    if (!strcmp(first, second)) return 1;
    a = real_openat(AT_FDCWD, first, O_PATH | O_CLOEXEC);
    b = real_openat(AT_FDCWD, second, O_PATH | O_CLOEXEC);
    if (a >= 0 && b >= 0 && !fstat(a, &one) && !fstat(b, &two))
        is_same = one.st_dev == two.st_dev && one.st_ino == two.st_ino;
    if (a >= 0) close(a);
    if (b >= 0) close(b);
    return is_same;
}

/* Return why a program of ELF cannot be seen, or NULL. */
static const char *judge_elf(int file, const ElfW(Ehdr) * elf) {
    ElfW(Ehdr) own;
    ElfW(Phdr) headers[32];
    const ElfW(Phdr) *loader = NULL, *dynamic = NULL;
    char name[ROOM];
    int i;
    /* The start of our own file tells what this machine's programs look like. */
    memset(&own, 0, sizeof own);
    Dl_info info;
    if (!dladdr((void *)start, &info)) return "its own format is not known";
    memcpy(&own, info.dli_fbase, sizeof own);
    if (elf->e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || elf->e_ident[EI_DATA] != own.e_ident[EI_DATA] ||
        elf->e_machine != own.e_machine)
        return "is a program of another machine";
    int count = elf->e_phnum < 32 ? elf->e_phnum : 32;
    if (elf->e_phentsize != sizeof *headers ||
        read_at(file, headers, (size_t)count * sizeof *headers, elf->e_phoff) < (size_t)count * sizeof *headers)
        return "has a damaged header";
    for (i = 0; i < count; i++) {
        if (headers[i].p_type == PT_INTERP) loader = &headers[i];
        if (headers[i].p_type == PT_DYNAMIC) dynamic = &headers[i];
    }
    if (!loader || !dynamic) return "is a static program";
    if (loader->p_filesz >= sizeof name) return "has another dynamic loader";
    name[read_at(file, name, loader->p_filesz, loader->p_offset)] = 0;
    if (!is_same_file(name, loader_path)) return "has another dynamic loader";
    if (needs_sanitizer(file, headers, count, dynamic)) return "needs a sanitizer's library first";
    if (is_made_by_go(file, headers, count)) return "calls the system without the C library";
    return NULL;
}

/* Return why a program cannot be seen, or NULL: we do not know why not. */
static const char *judge(const char *path, int depth) {
    char block[512];
    struct stat status;
    int file = real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return NULL;
    const char *reason = NULL;
    size_t got = 0;
    if (!fstat(file, &status) && S_ISREG(status.st_mode)) got = read_at(file, block, sizeof block - 1, 0);
    block[got] = 0;
    if (got >= 2 && block[0] == '#' && block[1] == '!') {
        /* The kernel ignores a script's own setuid bit: execve(2). */
        char *name = block + 2, *end;
        name += strspn(name, " \t");
        end = name + strcspn(name, " \t\r\n");
        *end = 0;
        if (*name && depth < 5) reason = judge(name, depth + 1);
    } else if (got && status.st_mode & (S_ISUID | S_ISGID)) {
        reason = "runs with the rights of another user";
    } else if (got >= sizeof(ElfW(Ehdr)) && !memcmp(block, ELFMAG, SELFMAG)) {
        ElfW(Ehdr) elf;
        memcpy(&elf, block, sizeof elf);
        reason = judge_elf(file, &elf);
    }
    close(file);
    return reason;
}

struct launch {
    unsigned child;
    int is_injected;
    size_t entries; /* of the environment */
    size_t text;    /* that our variables need */
};

#define MOST_ENTRIES 8192 /* that a stack bears */

/* Note that a program is about to be started; `path` is absolute or relative to a folder. */
static struct launch announce(int folder, const char *path, char *const *envp) {
    struct launch launch = {0, 0, 0, 1};
    int saved = errno;
    char name[ROOM];
    if (!is_watching() || !path) return launch;
    note_loaded();
    if (!absolute(name, folder, path)) name[0] = 0;
    for (; envp && envp[launch.entries]; launch.entries++)
        if (!strncmp(envp[launch.entries], PRELOAD, sizeof PRELOAD - 1)) launch.text += strlen(envp[launch.entries]);
    launch.text += sizeof PRELOAD + sizeof VARIABLE + strlen(own_path) + strlen(trace_path) + 64;
    launch.child = __atomic_add_fetch(&trace->numbers, 1, __ATOMIC_RELAXED);
    record_child('X', launch.child, name, NULL);
    const char *reason = judge(name, 0);
    if (launch.entries > MOST_ENTRIES || launch.text > 65536) reason = "has too large an environment";
    if (reason) record_child('U', launch.child, reason, name);
    else launch.is_injected = 1;
    errno = saved;
    return launch;
}

/* Take an announcement back: the program was not started. */
static void failed(const struct launch *launch, int error, int folder, const char *path) {
    int saved = errno;
    if (launch->child) record_child('F', launch->child, NULL, NULL);
    errno = error;
    if (launch->child) answered(0, 'X', folder, path);
    errno = saved;
}

/* Fill an environment with our variables, behind what the program gave. */
static char **fill(const struct launch *launch, char **array, char *text, char *const *envp) {
    size_t i, count = 0;
    const char *preload = NULL;
    for (i = 0; i < launch->entries; i++) {
        if (!strncmp(envp[i], VARIABLE, sizeof VARIABLE - 1)) continue;
        if (!strncmp(envp[i], PRELOAD, sizeof PRELOAD - 1) && !preload) {
            preload = envp[i] + sizeof PRELOAD - 1;
            array[count++] = text;
        } else array[count++] = envp[i];
    }
    if (!preload) array[count++] = text;
    text = stpcpy(text, PRELOAD);
    if (preload) text = stpcpy(stpcpy(text, preload), ":");
    text = stpcpy(text, own_path) + 1;
    array[count++] = text;
    text = stpcpy(stpcpy(stpcpy(text, VARIABLE), trace_path), "\1");
    text += decimal(own_number, text);
    *text++ = 1;
    decimal(launch->child, text);
    array[count] = NULL;
    return array;
}

/* Declare `ours`, the environment for a program, on the stack: a child of vfork has no memory of its own. */
#define ENVIRONMENT(launch, envp)                                                                                      \
    char *array[(launch).is_injected ? (launch).entries + 3 : 1];                                                      \
    char text[(launch).is_injected ? (launch).text : 1];                                                               \
    char **ours = (launch).is_injected ? fill(&(launch), array, text, (char *const *)(envp)) : (char **)(envp)

static const char *variable(const char *name, size_t length) {
    char **entry;
    for (entry = environ; entry && *entry; entry++)
        if (!strncmp(*entry, name, length) && (*entry)[length] == '=') return *entry + length + 1;
    return NULL;
}

/* Find a program as execvp(3) does, and note where it was not. Writes its name when there is none. */
static void find_program(const char *file, char *out) {
    int saved = errno;
    size_t length = strlen(file);
    snprintf(out, ROOM, "%s", file);
    if (!is_watching() || !length || strchr(file, '/')) {
        errno = saved;
        return;
    }
    note_text('E', "PATH", 4);
    const char *from = variable("PATH", 4);
    if (!from) from = "/bin:/usr/bin";
    for (;;) {
        size_t part = strcspn(from, ":");
        if (part + length + 4 < ROOM) {
            char *at = out;
            if (part) {
                memcpy(at, from, part), at += part;
                *at++ = '/';
            } else at = stpcpy(at, "./");
            memcpy(at, file, length + 1);
            struct stat status;
            int there = real_openat(AT_FDCWD, out, O_PATH | O_CLOEXEC);
            int is_program = there >= 0 && !fstat(there, &status) && S_ISREG(status.st_mode);
            if (there >= 0) close(there);
            if (is_program && is_there(AT_FDCWD, out, X_OK)) break;
            note_at(there >= 0 ? 'S' : 'M', AT_FDCWD, out);
        }
        if (!from[part]) {
            snprintf(out, ROOM, "%s", file);
            break;
        }
        from += part + 1;
    }
    errno = saved;
}

HOOK(int, execve, (const char *path, char *const argv[], char *const envp[])) {
    ENTER(execve, -1)
    struct launch launch = announce(AT_FDCWD, path, envp);
    ENVIRONMENT(launch, envp);
    int result = real_execve(path, argv, ours);
    failed(&launch, errno, AT_FDCWD, path);
    return result;
}

HOOK(int, execvpe, (const char *file, char *const argv[], char *const envp[])) {
    ENTER(execvpe, -1)
    char path[ROOM];
    find_program(file, path);
    struct launch launch = announce(AT_FDCWD, path, envp);
    ENVIRONMENT(launch, envp);
    int result = real_execvpe(file, argv, ours);
    failed(&launch, errno, AT_FDCWD, strchr(path, '/') ? path : NULL);
    return result;
}

HOOK(int, execv, (const char *path, char *const argv[])) { return tw_execve(path, argv, environ); }

HOOK(int, execvp, (const char *file, char *const argv[])) { return tw_execvpe(file, argv, environ); }

/* Declare `argv`: the arguments of execl() and its like, up to and with the NULL. */
#define ARGUMENTS                                                                                                      \
    size_t count = 1, i;                                                                                               \
    va_list list;                                                                                                      \
    va_start(list, first);                                                                                             \
    while (va_arg(list, char *)) count++;                                                                              \
    va_end(list);                                                                                                      \
    char *argv[count + 1];                                                                                             \
    argv[0] = (char *)first;                                                                                           \
    va_start(list, first);                                                                                             \
    for (i = 1; i <= count; i++) argv[i] = va_arg(list, char *);

HOOK(int, execl, (const char *path, const char *first, ...)) {
    ARGUMENTS
    va_end(list);
    return tw_execve(path, argv, environ);
}

HOOK(int, execlp, (const char *file, const char *first, ...)) {
    ARGUMENTS
    va_end(list);
    return tw_execvpe(file, argv, environ);
}

HOOK(int, execle, (const char *path, const char *first, ...)) {
    ARGUMENTS
    char *const *envp = va_arg(list, char *const *);
    va_end(list);
    return tw_execve(path, argv, envp);
}

HOOK(int, fexecve, (int file, char *const argv[], char *const envp[])) {
    ENTER(fexecve, -1)
    char path[ROOM];
    if (!path_of_descriptor(file, path)) path[0] = 0;
    struct launch launch = announce(AT_FDCWD, path, envp);
    ENVIRONMENT(launch, envp);
    int result = real_fexecve(file, argv, ours);
    failed(&launch, errno, AT_FDCWD, NULL);
    return result;
}

HOOK(int, execveat, (int folder, const char *path, char *const argv[], char *const envp[], int flags)) {
    ENTER(execveat, -1)
    char own[ROOM];
    const char *name = path;
    if (path && !*path && path_of_descriptor(folder, own)) name = own;
    struct launch launch = announce(folder, name, envp);
    ENVIRONMENT(launch, envp);
    int result = real_execveat(folder, path, argv, ours, flags);
    failed(&launch, errno, folder, path);
    return result;
}

HOOK(int, posix_spawn,
     (pid_t * pid, const char *path, const void *actions, const void *attributes, char *const argv[],
      char *const envp[])) {
    ENTER(posix_spawn, ENOSYS)
    struct launch launch = announce(AT_FDCWD, path, envp);
    ENVIRONMENT(launch, envp);
    int result = real_posix_spawn(pid, path, actions, attributes, argv, ours);
    if (result) failed(&launch, result, AT_FDCWD, path);
    return result;
}

HOOK(int, posix_spawnp,
     (pid_t * pid, const char *file, const void *actions, const void *attributes, char *const argv[],
      char *const envp[])) {
    ENTER(posix_spawnp, ENOSYS)
    char path[ROOM];
    find_program(file, path);
    struct launch launch = announce(AT_FDCWD, path, envp);
    ENVIRONMENT(launch, envp);
    int result = real_posix_spawnp(pid, file, actions, attributes, argv, ours);
    if (result) failed(&launch, result, AT_FDCWD, strchr(path, '/') ? path : NULL);
    return result;
}

static char lock;

/* It is held for moments. A child that was forked while another thread held it would wait for ever: so there is an end. */
static void take_lock(void) {
    int patience = 100000;
    while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE) && patience--) sched_yield();
}

static void give_lock(void) { __atomic_clear(&lock, __ATOMIC_RELEASE); }

static int running; /* calls of system() */
static struct sigaction old_interrupt, old_quit;

/* Ignore the two signals from the keyboard while any thread waits in system(). */
static void ignore_keyboard(void) {
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    take_lock();
    if (!running++) {
        sigaction(SIGINT, &ignore, &old_interrupt);
        sigaction(SIGQUIT, &ignore, &old_quit);
    }
    give_lock();
}

static void heed_keyboard(void) {
    take_lock();
    if (!--running) {
        sigaction(SIGINT, &old_interrupt, NULL);
        sigaction(SIGQUIT, &old_quit, NULL);
    }
    give_lock();
}

/* As POSIX describes system(): the C library's own would start the shell with `environ`, which other threads see. */
HOOK(int, system, (const char *command)) {
    ENTER(system, -1)
    if (!command || !is_watching()) return real_system(command);
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    sigset_t child, before, defaults;
    posix_spawnattr_t attributes;
    pid_t pid;
    int status = -1;
    ignore_keyboard();
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    sigemptyset(&defaults);
    if (old_interrupt.sa_handler != SIG_IGN) sigaddset(&defaults, SIGINT);
    if (old_quit.sa_handler != SIG_IGN) sigaddset(&defaults, SIGQUIT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &before);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    int error = tw_posix_spawn(&pid, "/bin/sh", NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (error) status = 127 << 8;
    else
        while (waitpid(pid, &status, 0) < 0)
            if (errno != EINTR) {
                error = errno;
                status = -1;
                break;
            }
    heed_keyboard();
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (error) errno = error;
    return status;
}

HOOK(FILE *, popen, (const char *command, const char *mode)) {
    ENTER(popen, NULL)
    struct launch launch = announce(AT_FDCWD, "/bin/sh", environ);
    take_lock();
    char **before = environ;
    ENVIRONMENT(launch, before);
    environ = ours;
    FILE *result = real_popen(command, mode);
    environ = before;
    give_lock();
    if (!result) failed(&launch, errno, AT_FDCWD, NULL);
    return result;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* Return whether a file is there whose old bytes can be read after this call of open(). */
static int keeps_bytes(int folder, const char *path, int flags) {
    int saved = errno, is_kept = 0;
    if ((flags & O_ACCMODE) == O_RDWR && !(flags & O_TRUNC) && is_watching())
        is_kept = !(flags & O_CREAT) || (!(flags & O_EXCL) && is_there(folder, path, F_OK));
    errno = saved;
    return is_kept;
}

static void opened(int is_fine, int folder, const char *path, int flags, int is_kept) {
    /* A file without a name. */
    if ((flags & O_TMPFILE) == O_TMPFILE) return;
    if (flags & O_PATH) answered(is_fine, 'S', folder, path);
    else if ((flags & O_ACCMODE) == O_RDONLY && !(flags & (O_CREAT | O_TRUNC)))
        answered(is_fine, flags & O_DIRECTORY ? 'L' : 'R', folder, path);
    else {
        answered(is_fine, 'W', folder, path);
        if (is_fine && (is_kept || (flags & O_ACCMODE) == O_RDONLY)) note_at('R', folder, path);
    }
}

#define MODE(last)                                                                                                     \
    mode_t mode = 0;                                                                                                   \
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {                                                         \
        va_list list;                                                                                                  \
        va_start(list, last);                                                                                          \
        mode = va_arg(list, unsigned);                                                                                 \
        va_end(list);                                                                                                  \
    }

#define OPEN_BODY(name, folder, call)                                                                                  \
    ENTER(name, -1)                                                                                                    \
    int is_kept = keeps_bytes(folder, path, flags);                                                                    \
    int result = call;                                                                                                 \
    opened(result >= 0, folder, path, flags, is_kept);                                                                 \
    return result;

#define OPEN(name)                                                                                                     \
    HOOK(int, name, (const char *path, int flags, ...)) {                                                              \
        MODE(flags) OPEN_BODY(name, AT_FDCWD, real_##name(path, flags, mode))                                          \
    }
#define OPEN_2(name)                                                                                                   \
    HOOK(int, name, (const char *path, int flags)) { OPEN_BODY(name, AT_FDCWD, real_##name(path, flags)) }
#define OPENAT_2(name)                                                                                                 \
    HOOK(int, name, (int folder, const char *path, int flags)) {                                                       \
        OPEN_BODY(name, folder, real_##name(folder, path, flags))                                                      \
    }
#define CREAT(name)                                                                                                    \
    HOOK(int, name, (const char *path, mode_t mode)) {                                                                 \
        int flags = O_WRONLY | O_CREAT | O_TRUNC;                                                                      \
        OPEN_BODY(name, AT_FDCWD, real_##name(path, mode))                                                             \
    }

OPEN(open)
OPEN(open64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)
CREAT(creat)
CREAT(creat64)

int tw_openat(int folder, const char *path, int flags, ...) {
    MODE(flags) OPEN_BODY(openat, folder, real_openat(folder, path, flags, mode))
}

HOOK(int, openat64, (int folder, const char *path, int flags, ...)) {
    MODE(flags) OPEN_BODY(openat64, folder, real_openat64(folder, path, flags, mode))
}

/* Return what open() would be given for a mode of fopen(). */
static int flags_of(const char *mode) {
    int both = strchr(mode, '+') ? O_RDWR : 0;
    if (*mode == 'r') return both ? both : O_RDONLY;
    if (*mode == 'a') return (both ? both : O_WRONLY) | O_CREAT;
    return (both ? both : O_WRONLY) | O_CREAT | O_TRUNC;
}

#define FOPEN(name)                                                                                                    \
    HOOK(FILE *, name, (const char *path, const char *mode)) {                                                         \
        ENTER(name, NULL)                                                                                              \
        int flags = flags_of(mode), is_kept = keeps_bytes(AT_FDCWD, path, flags);                                      \
        FILE *result = real_##name(path, mode);                                                                        \
        opened(result != NULL, AT_FDCWD, path, flags, is_kept);                                                        \
        return result;                                                                                                 \
    }
#define FREOPEN(name)                                                                                                  \
    HOOK(FILE *, name, (const char *path, const char *mode, FILE *file)) {                                             \
        ENTER(name, NULL)                                                                                              \
        int flags = flags_of(mode), is_kept = path && keeps_bytes(AT_FDCWD, path, flags);                              \
        FILE *result = real_##name(path, mode, file);                                                                  \
        opened(result != NULL, AT_FDCWD, path, flags, is_kept);                                                        \
        return result;                                                                                                 \
    }

FOPEN(fopen)
FOPEN(fopen64)
FREOPEN(freopen)
FREOPEN(freopen64)

HOOK(int, posix_spawn_file_actions_addopen, (void *actions, int file, const char *path, int flags, mode_t mode)) {
    ENTER(posix_spawn_file_actions_addopen, ENOSYS)
    int saved = errno, is_kept = keeps_bytes(AT_FDCWD, path, flags);
    int is_fine = flags & O_CREAT || (is_watching() && is_there(AT_FDCWD, path, F_OK));
    opened(is_fine, AT_FDCWD, path, flags, is_kept);
    errno = saved;
    return real_posix_spawn_file_actions_addopen(actions, file, path, flags, mode);
}

/* The name is made by the call. */
#define TEMPORARY(name, parameters, call)                                                                              \
    HOOK(int, name, parameters) {                                                                                      \
        ENTER(name, -1)                                                                                                \
        int result = call;                                                                                             \
        if (result >= 0) note_at('W', AT_FDCWD, path);                                                                 \
        return result;                                                                                                 \
    }

TEMPORARY(mkstemp, (char *path), real_mkstemp(path))
TEMPORARY(mkstemp64, (char *path), real_mkstemp64(path))
TEMPORARY(mkstemps, (char *path, int suffix), real_mkstemps(path, suffix))
TEMPORARY(mkstemps64, (char *path, int suffix), real_mkstemps64(path, suffix))
TEMPORARY(mkostemp, (char *path, int flags), real_mkostemp(path, flags))
TEMPORARY(mkostemp64, (char *path, int flags), real_mkostemp64(path, flags))
TEMPORARY(mkostemps, (char *path, int suffix, int flags), real_mkostemps(path, suffix, flags))
TEMPORARY(mkostemps64, (char *path, int suffix, int flags), real_mkostemps64(path, suffix, flags))

HOOK(char *, mkdtemp, (char *path)) {
    ENTER(mkdtemp, NULL)
    char *result = real_mkdtemp(path);
    if (result) note_at('W', AT_FDCWD, path);
    return result;
}

static void note_dlopen(const char *path) {
    note_loaded();
    if (path && strchr(path, '/') && is_watching()) {
        int saved = errno;
        note_at(is_there(AT_FDCWD, path, F_OK) ? 'R' : 'M', AT_FDCWD, path);
        errno = saved;
    }
    __atomic_store_n(&has_loaded_more, 1, __ATOMIC_RELAXED);
}

#if defined(__has_attribute)
#if __has_attribute(musttail)
#define JUMP __attribute__((musttail))
#endif
#endif
#ifndef JUMP
#define JUMP
#endif

/* The caller's address decides where dlopen() searches (RUNPATH): its last call here has to be a jump. What was loaded is
 * noted later: by the next dlopen(), before exec and at the end. */
HOOK(void *, dlopen, (const char *path, int flags)) {
    ENTER(dlopen, NULL)
    note_dlopen(path);
    JUMP return real_dlopen(path, flags);
}

static void *caller(const char *path, int flags) {
    (void)path, (void)flags;
    return __builtin_return_address(0);
}

/* Return whether the compiler made that jump: then the function behind it sees two callers here, and not one hook. */
static int jumps(void) {
    void *(*kept)(const char *, int) = real_dlopen;
    real_dlopen = caller;
    void *volatile first = tw_dlopen(NULL, 0);
    void *volatile second = tw_dlopen(NULL, 0);
    real_dlopen = kept;
    has_loaded_more = 0;
    return first != second;
}

#define LEAVE(name)                                                                                                    \
    HOOK(void, name, (int status)) {                                                                                   \
        ENTER(name, )                                                                                                  \
        note_loaded();                                                                                                 \
        real_##name(status);                                                                                           \
    }

LEAVE(_exit)
LEAVE(_Exit)

/* --- looking ---------------------------------------------------------------------------------------------------- */

/* A function that tells of a path: it returns 0 or more when the path is there. */
#define LOOK(type, name, folder, parameters, call)                                                                     \
    HOOK(type, name, parameters) {                                                                                     \
        ENTER(name, -1)                                                                                                \
        type result = call;                                                                                            \
        answered(result >= 0, 'S', folder, path);                                                                      \
        return result;                                                                                                 \
    }
#define STAT(name) LOOK(int, name, AT_FDCWD, (const char *path, void *out), real_##name(path, out))
#define XSTAT(name)                                                                                                    \
    LOOK(int, name, AT_FDCWD, (int version, const char *path, void *out), real_##name(version, path, out))
#define STATAT(name)                                                                                                   \
    LOOK(int, name, folder, (int folder, const char *path, void *out, int flags), real_##name(folder, path, out, flags))
#define XSTATAT(name)                                                                                                  \
    LOOK(int, name, folder, (int version, int folder, const char *path, void *out, int flags),                         \
         real_##name(version, folder, path, out, flags))
#define ACCESS(name) LOOK(int, name, AT_FDCWD, (const char *path, int mode), real_##name(path, mode))

STAT(stat)
STAT(stat64)
STAT(lstat)
STAT(lstat64)
STATAT(fstatat)
STATAT(fstatat64)
XSTAT(__xstat)
XSTAT(__xstat64)
XSTAT(__lxstat)
XSTAT(__lxstat64)
XSTATAT(__fxstatat)
XSTATAT(__fxstatat64)
/* Of machines with 32 bits, whose time has 64. */
STAT(__stat64_time64)
STAT(__lstat64_time64)
STATAT(__fstatat64_time64)
STAT(__stat_time64)
STAT(__lstat_time64)
STATAT(__fstatat_time64)
LOOK(int, statx, folder, (int folder, const char *path, int flags, unsigned mask, void *out),
     real_statx(folder, path, flags, mask, out))
STAT(statfs)
STAT(statfs64)
STAT(statvfs)
STAT(statvfs64)
ACCESS(access)
ACCESS(eaccess)
ACCESS(euidaccess)
LOOK(int, faccessat, folder, (int folder, const char *path, int mode, int flags),
     real_faccessat(folder, path, mode, flags))

/* A path is kept where the call may overwrite it, or change what it means. */
#define KEPT_PATH(folder, path)                                                                                        \
    char kept[ROOM];                                                                                                   \
    int saved = errno;                                                                                                 \
    if (!path || !*path || !is_watching() || !absolute(kept, folder, path)) kept[0] = 0;                               \
    errno = saved;

#define READLINK(definition, name, folder, call)                                                                       \
    definition {                                                                                                       \
        ENTER(name, -1)                                                                                                \
        KEPT_PATH(folder, path)                                                                                        \
        ssize_t result = call;                                                                                         \
        answered(result >= 0, 'S', AT_FDCWD, kept);                                                                    \
        return result;                                                                                                 \
    }
READLINK(ssize_t tw_readlink(const char *path, char *out, size_t size), readlink, AT_FDCWD,
         real_readlink(path, out, size))
READLINK(HOOK(ssize_t, __readlink_chk, (const char *path, char *out, size_t size, size_t room)), __readlink_chk,
         AT_FDCWD, real___readlink_chk(path, out, size, room))
READLINK(HOOK(ssize_t, readlinkat, (int folder, const char *path, char *out, size_t size)), readlinkat, folder,
         real_readlinkat(folder, path, out, size))
READLINK(HOOK(ssize_t, __readlinkat_chk, (int folder, const char *path, char *out, size_t size, size_t room)),
         __readlinkat_chk, folder, real___readlinkat_chk(folder, path, out, size, room))

HOOK(int, chdir, (const char *path)) {
    ENTER(chdir, -1)
    KEPT_PATH(AT_FDCWD, path)
    int result = real_chdir(path);
    answered(result >= 0, 'S', AT_FDCWD, kept);
    return result;
}

#define REALPATH(name, parameters, call)                                                                               \
    HOOK(char *, name, parameters) {                                                                                   \
        ENTER(name, NULL)                                                                                              \
        KEPT_PATH(AT_FDCWD, path)                                                                                      \
        char *result = call;                                                                                           \
        answered(result != NULL, 'S', AT_FDCWD, kept);                                                                 \
        if (result) note_at('S', AT_FDCWD, result);                                                                    \
        return result;                                                                                                 \
    }
REALPATH(realpath, (const char *path, char *out), real_realpath(path, out))
REALPATH(__realpath_chk, (const char *path, char *out, size_t room), real___realpath_chk(path, out, room))
REALPATH(canonicalize_file_name, (const char *path), real_canonicalize_file_name(path))

/* --- listing ---------------------------------------------------------------------------------------------------- */

HOOK(DIR *, opendir, (const char *path)) {
    ENTER(opendir, NULL)
    DIR *result = real_opendir(path);
    answered(result != NULL, 'L', AT_FDCWD, path);
    return result;
}

HOOK(DIR *, fdopendir, (int file)) {
    ENTER(fdopendir, NULL)
    DIR *result = real_fdopendir(file);
    if (result) note_descriptor('L', file);
    return result;
}

#define SCANDIR(name)                                                                                                  \
    HOOK(int, name, (const char *path, void *out, void *choose, void *compare)) {                                      \
        ENTER(name, -1)                                                                                                \
        int result = real_##name(path, out, choose, compare);                                                          \
        answered(result >= 0, 'L', AT_FDCWD, path);                                                                    \
        return result;                                                                                                 \
    }
#define SCANDIRAT(name)                                                                                                \
    HOOK(int, name, (int folder, const char *path, void *out, void *choose, void *compare)) {                          \
        ENTER(name, -1)                                                                                                \
        int result = real_##name(folder, path, out, choose, compare);                                                  \
        answered(result >= 0, 'L', folder, path);                                                                      \
        return result;                                                                                                 \
    }
SCANDIR(scandir)
SCANDIR(scandir64)
SCANDIRAT(scandirat)
SCANDIRAT(scandirat64)

/* Note the folder in front of a pattern's first special character, or the path when there is none. */
static void note_pattern(const char *pattern) {
    int saved = errno;
    size_t plain = strcspn(pattern, "*?[{~\\");
    if (!pattern[plain]) {
        if (is_watching()) note_at(is_there(AT_FDCWD, pattern, F_OK) ? 'S' : 'M', AT_FDCWD, pattern);
    } else if (plain < ROOM - 2) {
        char folder[ROOM];
        memcpy(folder, pattern, plain);
        while (plain && folder[plain - 1] != '/') plain--;
        if (!plain) folder[plain++] = '.';
        folder[plain] = 0;
        note_at('T', AT_FDCWD, folder);
    }
    errno = saved;
}

#define GLOB(name)                                                                                                     \
    HOOK(int, name, (const char *pattern, int flags, void *complain, void *out)) {                                     \
        ENTER(name, -1)                                                                                                \
        note_pattern(pattern);                                                                                         \
        return real_##name(pattern, flags, complain, out);                                                             \
    }
GLOB(glob)
GLOB(glob64)

static void note_tree(const char *path) {
    int saved = errno;
    if (path && *path && is_watching()) note_at(is_there(AT_FDCWD, path, F_OK) ? 'T' : 'M', AT_FDCWD, path);
    errno = saved;
}

#define FTW(name, parameters, call)                                                                                    \
    HOOK(int, name, parameters) {                                                                                      \
        ENTER(name, -1)                                                                                                \
        note_tree(path);                                                                                               \
        return call;                                                                                                   \
    }
FTW(ftw, (const char *path, void *visit, int files), real_ftw(path, visit, files))
FTW(ftw64, (const char *path, void *visit, int files), real_ftw64(path, visit, files))
FTW(nftw, (const char *path, void *visit, int files, int flags), real_nftw(path, visit, files, flags))
FTW(nftw64, (const char *path, void *visit, int files, int flags), real_nftw64(path, visit, files, flags))

#define FTS(name)                                                                                                      \
    HOOK(void *, name, (char *const *paths, int flags, void *compare)) {                                               \
        ENTER(name, NULL)                                                                                              \
        char *const *path;                                                                                             \
        for (path = paths; path && *path; path++) note_tree(*path);                                                    \
        return real_##name(paths, flags, compare);                                                                     \
    }
FTS(fts_open)
FTS(fts64_open)

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* A function that makes a path, or takes one away. */
#define CHANGE(letter, name, folder, parameters, call)                                                                 \
    HOOK(int, name, parameters) {                                                                                      \
        ENTER(name, -1)                                                                                                \
        int result = call;                                                                                             \
        answered(result >= 0, letter, folder, path);                                                                   \
        return result;                                                                                                 \
    }
/* A function of an old path and a new one. */
#define MOVE(letter, name, folder, new_folder, parameters, call)                                                       \
    HOOK(int, name, parameters) {                                                                                      \
        ENTER(name, -1)                                                                                                \
        int result = call;                                                                                             \
        answered(result >= 0, letter, folder, path);                                                                   \
        if (result >= 0) note_at('W', new_folder, made);                                                               \
        return result;                                                                                                 \
    }

MOVE('D', rename, AT_FDCWD, AT_FDCWD, (const char *path, const char *made), real_rename(path, made))
MOVE('D', renameat, folder, other, (int folder, const char *path, int other, const char *made),
     real_renameat(folder, path, other, made))
MOVE('D', renameat2, folder, other, (int folder, const char *path, int other, const char *made, unsigned flags),
     real_renameat2(folder, path, other, made, flags))
MOVE('R', link, AT_FDCWD, AT_FDCWD, (const char *path, const char *made), real_link(path, made))
MOVE('R', linkat, folder, other, (int folder, const char *path, int other, const char *made, int flags),
     real_linkat(folder, path, other, made, flags))
CHANGE('W', symlink, AT_FDCWD, (const char *target, const char *path), real_symlink(target, path))
CHANGE('W', symlinkat, folder, (const char *target, int folder, const char *path), real_symlinkat(target, folder, path))
CHANGE('D', unlink, AT_FDCWD, (const char *path), real_unlink(path))
CHANGE('D', unlinkat, folder, (int folder, const char *path, int flags), real_unlinkat(folder, path, flags))
CHANGE('D', remove, AT_FDCWD, (const char *path), real_remove(path))
CHANGE('D', rmdir, AT_FDCWD, (const char *path), real_rmdir(path))
CHANGE('W', truncate, AT_FDCWD, (const char *path, off_t size), real_truncate(path, size))
CHANGE('W', truncate64, AT_FDCWD, (const char *path, int64_t size), real_truncate64(path, size))
CHANGE('W', mkdir, AT_FDCWD, (const char *path, mode_t mode), real_mkdir(path, mode))
CHANGE('W', mkdirat, folder, (int folder, const char *path, mode_t mode), real_mkdirat(folder, path, mode))
CHANGE('W', mkfifo, AT_FDCWD, (const char *path, mode_t mode), real_mkfifo(path, mode))
CHANGE('W', mknod, AT_FDCWD, (const char *path, mode_t mode, dev_t device), real_mknod(path, mode, device))

/* --- the rest --------------------------------------------------------------------------------------------------- */

#define GETENV(name)                                                                                                   \
    HOOK(char *, name, (const char *asked)) {                                                                          \
        ENTER(name, NULL)                                                                                              \
        if (asked && is_watching()) note_text('E', asked, strlen(asked));                                              \
        return real_##name(asked);                                                                                     \
    }
GETENV(getenv)
GETENV(secure_getenv)

HOOK(int, connect, (int file, const struct sockaddr *address, socklen_t length)) {
    ENTER(connect, -1)
    if (address && is_watching()) {
        char text[8 + sizeof(struct sockaddr_un)];
        size_t count = 0;
        if (address->sa_family == AF_INET) count = (size_t)(stpcpy(text, "inet") - text);
        if (address->sa_family == AF_INET6) count = (size_t)(stpcpy(text, "inet6") - text);
        if (address->sa_family == AF_UNIX) {
            const struct sockaddr_un *socket = (const struct sockaddr_un *)address;
            size_t most = length - offsetof(struct sockaddr_un, sun_path);
            count = (size_t)(stpcpy(text, "unix:") - text);
            if (most <= sizeof socket->sun_path) {
                /* A name in the abstract space begins with a zero: unix(7). */
                size_t at = most && !socket->sun_path[0];
                if (at) text[count++] = '@';
                for (; at < most && socket->sun_path[at]; at++) text[count++] = socket->sun_path[at];
            }
        }
        if (count) note_text('N', text, count);
    }
    return real_connect(file, address, length);
}

HOOK(int, chroot, (const char *path)) {
    ENTER(chroot, -1)
    if (is_watching()) record_unseen("has another root folder");
    return real_chroot(path);
}

/* Some programs ask the kernel for what older C libraries do not offer. */
long tw_syscall(long number, long a, long b, long c, long d, long e, long f) {
    ENTER(syscall, -1)
    long result;
    int is_kept;
    switch (number) {
#ifdef SYS_open
    case SYS_open:
        is_kept = keeps_bytes(AT_FDCWD, (const char *)a, (int)b);
        result = real_syscall(number, a, b, c, d, e, f);
        opened(result >= 0, AT_FDCWD, (const char *)a, (int)b, is_kept);
        return result;
#endif
    case SYS_openat:
        is_kept = keeps_bytes((int)a, (const char *)b, (int)c);
        result = real_syscall(number, a, b, c, d, e, f);
        opened(result >= 0, (int)a, (const char *)b, (int)c, is_kept);
        return result;
#ifdef SYS_openat2
    case SYS_openat2:
        result = real_syscall(number, a, b, c, d, e, f);
        /* struct open_how begins with the flags: openat2(2). */
        opened(result >= 0, (int)a, (const char *)b, (int)*(const uint64_t *)c, 1);
        return result;
#endif
#ifdef SYS_newfstatat
    case SYS_newfstatat:
#endif
#ifdef SYS_fstatat64
    case SYS_fstatat64:
#endif
#ifdef SYS_statx
    case SYS_statx:
#endif
#ifdef SYS_faccessat2
    case SYS_faccessat2:
#endif
    case SYS_faccessat:
    case SYS_readlinkat:
        result = real_syscall(number, a, b, c, d, e, f);
        answered(result >= 0, 'S', (int)a, (const char *)b);
        return result;
    case SYS_execve: return tw_execve((const char *)a, (char *const *)b, (char *const *)c);
#ifdef SYS_execveat
    case SYS_execveat: return tw_execveat((int)a, (const char *)b, (char *const *)c, (char *const *)d, (int)e);
#endif
#ifdef SYS_io_uring_setup
    case SYS_io_uring_setup:
        /* What goes through such a ring cannot be seen. Refuse it as many systems do (sysctl kernel.io_uring_disabled,
         * containers): programs then make ordinary calls. CMake's libuv is one of them. */
        if (!is_watching()) return real_syscall(number, a, b, c, d, e, f);
        errno = EPERM;
        return -1;
#endif
    default: return real_syscall(number, a, b, c, d, e, f);
    }
}
