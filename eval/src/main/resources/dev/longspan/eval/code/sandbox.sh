# Builds a private root from read-only views of a few folders and runs a command in it. Runs as process 1 of fresh
# mount, network, process, IPC and host name namespaces.
#   bash sandbox.sh MOUNT_POINT FOLDER ... -- COMMAND ...
set -eu
root=$1
shift
mount --make-rprivate /
mount -t tmpfs -o size=1m,mode=755,nosuid,nodev tmpfs "$root"
mkdir "$root/tmp"
mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev tmpfs "$root/tmp"
while [ "$1" != -- ]; do
  if [ -L "$1" ]; then
    mkdir -p "$root${1%/*}"
    cp -P "$1" "$root$1"
  elif [ -d "$1" ]; then
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro,nosuid,nodev "$root$1"
  else
    mkdir -p "$root${1%/*}"
    : > "$root$1"
    mount --bind "$1" "$root$1"
    case $1 in /dev/*) ;; *) mount -o remount,bind,ro,nosuid,nodev "$root$1" ;; esac
  fi
  shift
done
shift
mount -o remount,ro "$root"
# The command drops the privileges that a way out of a changed root would take. Not exec: process 1 must keep the signal
# it gets when the grader dies, and a change of user would clear it.
chroot "$root" "$@"
exit $?
