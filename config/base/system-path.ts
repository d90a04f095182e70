/** PATH of every worker and of every search for a program, whatever the caller's PATH is. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
