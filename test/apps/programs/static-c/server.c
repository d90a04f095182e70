/* The promises of a hosted program without any runtime: one static file, one process per connection. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_MAX = 65536 };

static char head[HEAD_MAX + 1];
static size_t kept;
static char mark[512];

static void put(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written <= 0) exit(0);
        bytes += written;
        length -= (size_t)written;
    }
}

static void put_text(int fd, const char *text) { put(fd, text, strlen(text)); }

/* Reads up to the empty line; returns where the body begins in head, or 0 at the end of the connection. */
static size_t read_head(int fd) {
    for (;;) {
        head[kept] = 0;
        char *end = strstr(head, "\r\n\r\n");
        if (end) return (size_t)(end - head) + 4;
        ssize_t got = kept < HEAD_MAX ? read(fd, head + kept, HEAD_MAX - kept) : 0;
        if (got <= 0) return 0;
        kept += (size_t)got;
    }
}

static const char *field(const char *name) {
    static char value[256];
    for (char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        size_t length = strlen(name);
        if (strncasecmp(line, name, length) || line[length] != ':') continue;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 2, "\r"), line + length + 2);
        return value;
    }
    return "";
}

static void answer(int fd, const char *body) {
    char text[512];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    put_text(fd, text);
    put_text(fd, body);
}

/* The body goes back as it comes; what came with the head is in front. */
static void echo(int fd, size_t body) {
    size_t left = (size_t)atol(field("content-length"));
    char text[512], block[16384];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nContent-Type: %s\r\n\r\n", left, field("content-type"));
    put_text(fd, text);
    size_t here = kept - body < left ? kept - body : left;
    put(fd, head + body, here);
    for (left -= here; left > 0;) {
        ssize_t got = read(fd, block, left < sizeof block ? left : sizeof block);
        if (got <= 0) exit(0);
        put(fd, block, (size_t)got);
        left -= (size_t)got;
    }
    kept = body + here;
}

static void stream(int fd) {
    struct stat found;
    put_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
    while (stat(mark, &found)) usleep(20000);
    put_text(fd, "4\r\ntwo\n\r\n0\r\n\r\n");
}

static int respond(int fd) {
    size_t body = read_head(fd);
    if (body == 0) return 0;
    char method[16] = "", path[4096] = "", text[8192], client[256];
    sscanf(head, "%15s %4095s", method, path);
    char *name = strrchr(path, '/');
    size_t used = body;
    if (name && !strncmp(name, "/who", 4)) {
        snprintf(client, sizeof client, "%s", field("x-forwarded-for"));
        snprintf(text, sizeof text, "pid %d\npath %s\nclient %s\nscheme %s", getpid(), path, client, field("x-forwarded-proto"));
        answer(fd, text);
    } else if (name && !strcmp(name, "/echo")) {
        echo(fd, body);
        used = kept;
    } else if (name && !strcmp(name, "/stream")) {
        stream(fd);
    } else if (name && !strcmp(name, "/release")) {
        fclose(fopen(mark, "w"));
        answer(fd, "released");
    } else {
        put_text(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    memmove(head, head + used, kept - used);
    kept -= used;
    return 1;
}

int main(void) {
    const char *folder = getenv("TMPDIR");
    snprintf(mark, sizeof mark, "%s/released", folder ? folder : "/tmp");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((unsigned short)atoi(getenv("PORT")));
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("listen");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) continue;
        if (fork() == 0) {
            close(listener);
            while (respond(fd)) {
            }
            exit(0);
        }
        close(fd);
    }
}
