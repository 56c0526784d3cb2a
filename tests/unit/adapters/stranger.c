/* stranger.c - a shared object that is an adapter of another time (-DSYMBOL=...), for tests only */
__attribute__((visibility("default"))) const char SYMBOL[] = "no table of today's";
