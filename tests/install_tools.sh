#!/usr/bin/env bash
# Installs the Debian packages that the tests run for real, through apt when root or sudo is at hand; says what to install elsewhere.
set -euo pipefail

declare -A package_of=(
  [prometheus]=prometheus
  [promtool]=prometheus
  [amtool]=prometheus-alertmanager
  [prometheus-alertmanager]=prometheus-alertmanager
  [chromium]=chromium
  [node]=nodejs
  [npm]=npm
)
fonts=/usr/share/fonts/truetype/wqy/wqy-microhei.ttc

missing=()
for tool in "${!package_of[@]}"; do
  command -v "$tool" >/dev/null || missing+=("${package_of[$tool]}")
done
[ -e "$fonts" ] || missing+=(fonts-wqy-microhei)
[ ${#missing[@]} -eq 0 ] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=sudo; else as_root=none; fi
fi
if ! command -v apt-get >/dev/null || [ "$as_root" = none ]; then
  echo "tests: please install: ${missing[*]} (Debian names). Tests that need them are skipped here, and fail in CI." >&2
  exit 0
fi
echo "tests: installing ${missing[*]}"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
