#!/usr/bin/env bash
# Compiles every .cu file of a folder to one fat binary, when there is an nvcc; the build calls it.
#
#   compile.sh SOURCES CLASSES WORK ARCHITECTURES
#
# SOURCES        the folder of the .cu files; headers (.cuh) lie beside them or beside this script
# CLASSES        gets dev/longspan/kernels/cuda/NAME.fatbin and build.properties, for the jar
# WORK           keeps the compiler's reports, and a digest of what each fat binary was made from
# ARCHITECTURES  such as 80,90a,ptx80: machine code for sm_80 and sm_90a, and PTX, which the driver
#                compiles for any GPU from 8.0 on that has no machine code here
#
# A file is compiled only if it, a header, the compiler or a flag has changed. A file with the line
# "// architectures: 90a" is compiled for these alone. Without nvcc there are no kernels.
set -euo pipefail

sources=$1 classes=$2/dev/longspan/kernels/cuda work=$3 architectures=${4//,/ }
here=$(cd "$(dirname "$0")" && pwd)

nvcc=${CUDA_HOME:-/nowhere}/bin/nvcc
[ -x "$nvcc" ] || nvcc=$(command -v nvcc || true)
if [ -z "$nvcc" ]; then
  rm -rf "$classes"
  echo "CUDA kernels: none in $2, because there is no nvcc: this build runs on CPUs only. To have" \
    "them, put nvcc of CUDA 12.8 or newer on the PATH or set CUDA_HOME, and build again."
  exit 0
fi
version=$("$nvcc" --version | sed -n 's/.*release.*, V//p')

# What of the architectures this nvcc knows; an older one knows fewer.
known=$("$nvcc" --list-gpu-arch)
targets=""
for a in $architectures; do
  number=${a#ptx}
  if grep -qx "compute_${number%[af]}" <<<"$known"; then
    targets+=" $a"
  else
    echo "CUDA kernels: nvcc $version does not know architecture $a; it is left out"
  fi
done
[ -n "$targets" ] || { echo "CUDA kernels: '$4' names no architecture that nvcc $version knows"; exit 1; }

# The jar compresses, and so nvcc need not, in ways that older drivers may not know.
flags="-O3 -std=c++17 -fatbin -no-compress -Xptxas -v -I$here"

# Prints the flags that choose the architectures of a file.
generate() {
  local only a
  only=$(sed -n 's|^// architectures: *||p' "$1")
  for a in $targets; do
    [ -z "$only" ] || grep -qw "$a" <<<"$only" || continue
    case $a in
      ptx*) echo "-gencode=arch=compute_${a#ptx},code=compute_${a#ptx}" ;;
      *) echo "-gencode=arch=compute_$a,code=sm_$a" ;;
    esac
  done
}

# Prints a digest of all that a fat binary depends on.
digest() {
  {
    echo "$version ${flags/$here/} $(generate "$1")"
    find "$1" "$here" "$sources" -maxdepth 1 \( -path "$1" -o -name '*.cuh' \) | sort -u | xargs cat
  } | sha256sum
}

compile() {
  local name log
  name=$(basename "$1" .cu) log=$work/$(basename "$1" .cu).log
  # shellcheck disable=SC2046,SC2086  # flags are words
  if "$nvcc" $flags $(generate "$1") -o "$work/$name.fatbin" "$1" >"$log" 2>&1; then
    mv "$work/$name.fatbin" "$classes/"
    digest "$1" >"$work/$name.digest"
  else
    echo "CUDA kernels: $name.cu does not compile"
  fi
  grep -vE '^ptxas info|bytes stack frame|^$' "$log" | cut -c -300 | head -60 || true
  [ -f "$classes/$name.fatbin" ]
}

mkdir -p "$classes" "$work"
printf 'architectures=%s\nnvcc=%s\n' "${targets# }" "$version" >"$classes/build.properties"

# Largest first, so that no long one is left to the end.
stale=()
for file in $(ls -S "$sources"/*.cu); do
  name=$(basename "$file" .cu)
  if [ -z "$(generate "$file")" ]; then
    rm -f "$classes/$name.fatbin" "$work/$name.digest"
    echo "CUDA kernels: $name.cu is for$(sed -n 's|^// architectures:||p' "$file") only; it is left out"
  elif [ ! -f "$classes/$name.fatbin" ] || [ "$(digest "$file")" != "$(cat "$work/$name.digest")" ]; then
    rm -f "$classes/$name.fatbin"
    stale+=("$file")
  fi
done
for binary in "$classes"/*.fatbin; do
  [ -f "$sources/$(basename "$binary" .fatbin).cu" ] || rm -f "$binary"
done
[ ${#stale[@]} -gt 0 ] || exit 0
echo "CUDA kernels: compiling ${#stale[@]} files for$targets with nvcc $version"

export -f compile generate digest
export nvcc flags targets version sources classes work here
printf '%s\n' "${stale[@]}" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I FILE bash -c 'compile FILE' || exit 1

# Registers of each kernel by architecture, and every spill.
logs=()
for file in "${stale[@]}"; do logs+=("$work/$(basename "$file" .cu).log"); done
awk -v targets="$targets" '
  FNR == 1 { file = FILENAME; sub(/.*\//, "", file); sub(/\.log$/, "", file) }
  /Compiling entry function/ {
    split($0, part, "\047"); kernel = file "." part[2]; arch = part[4]
    if (!(kernel in seen)) { seen[kernel] = 1; kernels[++count] = kernel }
  }
  /bytes spill stores/ && $5 + $9 > 0 {
    spills = spills "CUDA kernels: SPILLS: " kernel " on " arch ": " $5 " bytes stored, " $9 " loaded\n"
  }
  /Used [0-9]+ registers/ { sub(/.*Used /, ""); registers[kernel, arch] = $1 }
  END {
    n = split(targets, target, " ")
    printf "%-44s", "registers"
    for (i = 1; i <= n; i++) if (target[i] !~ /ptx/) printf "%8s", "sm_" target[i]
    print ""
    for (k = 1; k <= count; k++) {
      printf "%-44s", kernels[k]
      for (i = 1; i <= n; i++) if (target[i] !~ /ptx/) printf "%8s", registers[kernels[k], "sm_" target[i]]
      print ""
    }
    printf "%s", spills
  }' "${logs[@]}"
