#!/bin/sh
set -eu

usage() {
  cat <<'END'
usage: scripts/mesa.sh [--root DIR] [--stale] COMMAND [ARGUMENT]...

Runs a command of this project on Mesa's lavapipe, a Vulkan driver in software that has what SwiftShader
has not: shader-f16 and subgroup matrices.

    scripts/mesa.sh npx tsx cli/main.ts conform --backend webgpu --device gpu

The first call makes a root of Debian sid with Mesa and Node (1 GB, two minutes). The command runs in it
with a throw-away copy of the project; what it writes to /tmp is kept, in TMPDIR. Needs Linux, root,
debootstrap and unshare, and node_modules (npm ci). Nothing is left mounted.

  --root DIR   where the root lies [~/.cache/lacuna/mesa]; remove it to have it made anew
  --stale      take a package list that is past its date, as that of a mirror that stands still; its
               signature must be right all the same
END
}

fail() {
  echo "mesa.sh: $*" >&2
  exit 1
}

temporary=${TMPDIR:-/tmp}
root=${XDG_CACHE_HOME:-$HOME/.cache}/lacuna/mesa
stale=false
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --root) [ $# -gt 1 ] || fail '--root needs a folder'; root=$2; shift ;;
    --stale) stale=true ;;
    -*) fail "no option $1; see --help" ;;
    *) break ;;
  esac
  shift
done
if [ $# -eq 0 ]; then usage >&2; exit 2; fi
[ "$(id -u)" = 0 ] || fail 'debootstrap, mount and chroot need root: sudo scripts/mesa.sh, or a container'
for tool in debootstrap unshare; do
  command -v "$tool" >/dev/null || fail "needs $tool (Debian: apt-get install debootstrap util-linux)"
done
project=$(cd "$(dirname "$0")/.." && pwd)
[ -d "$project/node_modules" ] || fail "$project has no node_modules: npm ci"

# A mount namespace of its own: its mounts end with it.
if [ "${LACUNA_MESA:-}" != inside ]; then
  if $stale; then set -- --stale "$@"; fi
  LACUNA_MESA=inside exec unshare --mount sh "$0" --root "$root" "$@"
fi

# What runs in the root runs as root: nobody else may have made it, or the folder it lies in.
mkdir -p -m 700 "$(dirname "$root")"
for owned in "$(dirname "$root")" "$root"; do
  if [ -L "$owned" ]; then fail "$owned is a link"; fi
  if [ -e "$owned" ] && [ "$(stat -c %u "$owned")" != 0 ]; then fail "$owned belongs to another user"; fi
done
if [ ! -d "$root" ]; then
  # Only a finished root has its name.
  new=$root.unfinished
  rm -rf "$new"
  debootstrap --force-check-gpg --variant=minbase sid "$new" >&2
  mkdir -p "$new/opt/lacuna" "$new/run/lower" "$new/run/upper"
  # There is no init to start services with.
  printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
  chmod +x "$new/usr/sbin/policy-rc.d"
  if $stale; then echo 'Acquire::Check-Valid-Until false;' >"$new/etc/apt/apt.conf.d/stale"; fi
  mount -t proc proc "$new/proc"
  chroot "$new" sh -euc 'export DEBIAN_FRONTEND=noninteractive LC_ALL=C
    apt-get update --quiet --error-on=any
    apt-get install --quiet --yes --no-install-recommends libvulkan1 mesa-vulkan-drivers nodejs
    apt-get clean' >&2 || fail 'Mesa and Node were not installed; if a list is past its date, see --stale'
  umount "$new/proc"
  mv "$new" "$root"
fi

cd "$root"
mount -t proc proc proc
mount --rbind /dev dev
mount --bind "$temporary" tmp
mount --bind "$project" run/lower
mount -t tmpfs tmpfs run/upper
mkdir run/upper/data run/upper/work
mount -t overlay -o lowerdir=run/lower,upperdir=run/upper/data,workdir=run/upper/work overlay opt/lacuna
# A folder of the project itself cannot be renamed in its copy, as what builds pages does: they are built anew.
rm -rf opt/lacuna/.built
# npm is not installed: npx stands for the programs of node_modules.
[ "$1" != npx ] || shift
driver=/usr/share/vulkan/icd.d/lvp_icd.json
# shellcheck disable=SC2016 # the inner shell expands it
exec chroot . /usr/bin/env HOME=/tmp TMPDIR=/tmp VK_DRIVER_FILES=$driver LACUNA_LAVAPIPE=$driver \
  PATH=/opt/lacuna/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  sh -c 'cd /opt/lacuna && exec "$@"' sh "$@"
