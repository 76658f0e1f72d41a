#!/usr/bin/env bash
# Print the Debian packages whose libraries the media worker loads: what an image needs, in which it was not built.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# package_of LIBRARY: packages know it in /lib or in /usr/lib, which are the same folder.
package_of() {
    dpkg-query --search "${1#/usr}" 2>/dev/null || dpkg-query --search "/usr${1#/usr}"
}

worker=$(node worker-sidecar/src/obtain-worker.js | sed -n 's/.*"bin": *"\([^"]*\)".*/\1/p')
libraries=$(ldd "$worker" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p')

packages=()
for library in $libraries; do
    package=$(package_of "$library")
    packages+=("${package%%:*}")
done
printf '%s\n' "${packages[@]}" | sort -u
