"""Handles by which registered hooks are taken away again."""
import itertools
import weakref
from collections import OrderedDict

__all__ = ["RemovableHandle"]

_ids = itertools.count()


class RemovableHandle:
    """Handle of one hook in a dictionary of hooks; also a context manager that removes it on exit.

    Parameters
    ----------
    hooks_dict : dict
        The dictionary that holds the hook under ``handle.id``; only a weak reference is kept.
    extra_dict : dict or list of dict, optional
        Further dictionaries whose entry of the same id goes with the hook.

    Examples
    --------
    >>> from collections import OrderedDict
    >>> from ctorch.utils.hooks import RemovableHandle
    >>> hooks = OrderedDict()
    >>> handle = RemovableHandle(hooks)
    >>> hooks[handle.id] = print
    >>> handle.remove()
    >>> len(hooks)
    0
    """

    def __init__(self, hooks_dict, *, extra_dict=None):
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = next(_ids)
        extra = (
            ()
            if extra_dict is None
            else extra_dict
            if isinstance(extra_dict, (list, tuple))
            else (extra_dict,)
        )
        self.extra_dict_ref = tuple(weakref.ref(d) for d in extra)

    def remove(self):
        """Take the hook out of its dictionaries; a second call does nothing."""
        for ref in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = ref()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self):
        return (self.hooks_dict_ref(), self.id, tuple(ref() for ref in self.extra_dict_ref))

    def __setstate__(self, state):
        hooks, self.id, extra = state
        # A dictionary that died before pickling leaves the handle pointing at an empty one.
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        self.extra_dict_ref = tuple(weakref.ref(OrderedDict() if d is None else d) for d in extra)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.remove()
