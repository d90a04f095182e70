<?php
// The promises of a hosted program as a router script of PHP's built-in server.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$mark = sys_get_temp_dir() . '/released';

if (str_ends_with($path, '/who')) {
    header('Content-Type: text/plain');
    echo 'pid ', getmypid(), "\npath ", $_SERVER['REQUEST_URI'], "\nclient ", $_SERVER['HTTP_X_FORWARDED_FOR'] ?? '',
        "\nscheme ", $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '';
} elseif (str_ends_with($path, '/echo')) {
    header('Content-Type: ' . $_SERVER['CONTENT_TYPE']);
    readfile('php://input');
} elseif (str_ends_with($path, '/stream')) {
    header('Content-Type: text/plain');
    echo "one\n";
    // Debian's php.ini collects the first 4096 bytes.
    ob_flush();
    flush();
    while (!file_exists($mark)) {
        usleep(20000);
        clearstatcache();
    }
    echo "two\n";
} elseif (str_ends_with($path, '/release')) {
    touch($mark);
    echo 'released';
} else {
    http_response_code(404);
}
