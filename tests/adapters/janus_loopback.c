/* Lets Janus gather ICE candidates on the loopback interface, and on no other: libnice leaves it out. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

int getifaddrs(struct ifaddrs **found) {
    int (*real)(struct ifaddrs **) = (int (*)(struct ifaddrs **))dlsym(RTLD_NEXT, "getifaddrs");
    int failed = real(found);
    for (struct ifaddrs *one = failed ? NULL : *found; one; one = one->ifa_next)
        one->ifa_flags = strcmp(one->ifa_name, "lo") ? 0 : one->ifa_flags & ~IFF_LOOPBACK;
    return failed;
}
