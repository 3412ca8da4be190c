#!/bin/sh
# A shared cache server for one machine or a trusted network: nginx with WebDAV's PUT, in Bazel's HTTP form.
#   scripts/cache-server.sh start FOLDER [PORT]   start on the loopback (does nothing where it already runs)
#   scripts/cache-server.sh stop FOLDER           stop (does nothing where none runs)
#   scripts/cache-server.sh status FOLDER         say where it listens; exit 1 where none runs
# CACHE_SERVER_TOKEN: the bearer token that requests must carry. CACHE_SERVER_MAX_BODY: the biggest entry (default 1g).
set -eu

usage() {
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

[ $# -ge 2 ] || usage
action=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
port=${3:-8989}
pid_file=$folder/nginx.pid

running() {
  pid=$(cat "$pid_file" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

address() {
  sed -n 's/^ *listen \(.*\);$/http:\/\/\1/p' "$folder/nginx.conf"
}

configure() {
  umask 077
  mkdir -p "$folder/store" "$folder/tmp"
  guard=""
  if [ -n "${CACHE_SERVER_TOKEN:-}" ]; then
    case $CACHE_SERVER_TOKEN in *[!A-Za-z0-9._~+/=-]*) echo "the token has letters that no bearer token has" >&2; exit 2 ;; esac
    guard="if (\$http_authorization != \"Bearer $CACHE_SERVER_TOKEN\") { return 401; }"
  fi
  account=""
  if [ "$(id -u)" = 0 ]; then account="user root;"; fi
  cat > "$folder/nginx.conf" <<CONF
$account
worker_processes 1;
pid $pid_file;
error_log $folder/error.log warn;
events { worker_connections 512; }
http {
  access_log off;
  default_type application/octet-stream;
  client_max_body_size ${CACHE_SERVER_MAX_BODY:-1g};
  client_body_temp_path $folder/tmp/body;
  proxy_temp_path $folder/tmp/proxy;
  fastcgi_temp_path $folder/tmp/fastcgi;
  uwsgi_temp_path $folder/tmp/uwsgi;
  scgi_temp_path $folder/tmp/scgi;
  server {
    listen 127.0.0.1:$port;
    root $folder/store;
    location ~ "^/(ac|cas)/[0-9a-f]+\$" {
      $guard
      limit_except GET PUT { deny all; }
      dav_methods PUT;
      create_full_put_path on;
      dav_access user:rw;
    }
    location / { return 404; }
  }
}
CONF
}

case $action in
  start)
    if running; then
      echo "runs already at $(address)"
      exit 0
    fi
    command -v nginx > /dev/null || { echo "nginx is not installed (Debian: apt-get install nginx-light)" >&2; exit 1; }
    configure
    nginx -e "$folder/error.log" -c "$folder/nginx.conf"
    echo "runs at $(address)"
    ;;
  stop)
    running || { echo "does not run"; exit 0; }
    master=$pid
    kill -QUIT "$master"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 "$master" 2>/dev/null || break
      sleep 0.2
    done
    if kill -0 "$master" 2>/dev/null; then kill -TERM "$master"; fi
    echo "stopped"
    ;;
  status)
    running || { echo "does not run"; exit 1; }
    address
    ;;
  *) usage ;;
esac
