/* position.h: where something stands in the pipeline file. Plain data. */
#ifndef TRIBUTARY_CONFIG_POSITION_H
#define TRIBUTARY_CONFIG_POSITION_H

/* For messages about it: "pipeline.yaml:12:7". Lines and columns from 1. */
struct position {
    int line, column;
};

#endif
