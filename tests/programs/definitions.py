"""Operators written out by what they mean, for programs where PyTorch's kernels or derivatives contradict it."""

import re
from dataclasses import replace

TENSOR = r"(\{\d+\})"
OTHER = r"((?:m\.as_tensor\()?\{\d+\}\)?)"
DEFINITIONS = [
    (rf"m\.fmin\({TENSOR},{OTHER}\)", r"m.where((\1<=\2)|m.isnan(\2),\1,\2)"),
    (rf"m\.fmax\({TENSOR},{OTHER}\)", r"m.where((\1>=\2)|m.isnan(\2),\1,\2)"),
    # whose mean is by steps that end in NaN after an infinite element
    (rf"m\.(std|var)_mean\({TENSOR},(correction=\d)(,?)(.*)\)", r"(m.\1(\2,\3\4\5),m.mean(\2\4\5))"),
    # whose derivatives take a norm below epsilon for what it is
    (
        rf"F\.cosine_similarity\({TENSOR},{TENSOR},dim=(-?\d+),eps=([\d.e-]+)\)",
        r"((\1*\2).sum(\3)/(m.linalg.vector_norm(\1,dim=\3).clamp_min(\4)"
        r"*m.linalg.vector_norm(\2,dim=\3).clamp_min(\4)))",
    ),
    # whose statistics are constants in derivatives of the third order
    (
        rf"F\.batch_norm\({TENSOR},None,None,{TENSOR},{TENSOR},training=True\)",
        r"(lambda x,dims,w,b:(((x-x.mean(dims,True))/(x.var(dims,correction=0,keepdim=True)+1e-5).sqrt())"
        r".transpose(1,-1)*w+b).transpose(1,-1))(\1,(0,*range(2,\1.ndim)),\2,\3)",
    ),
]


def written_out(program):
    """The same program with definitions in place of these operators."""

    def defined(text):
        for pattern, definition in DEFINITIONS:
            text = re.sub(pattern, definition, text)
        return text

    return replace(program, steps=[replace(step, text=defined(step.text)) for step in program.steps])
