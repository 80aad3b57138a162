using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// Counts the ATen operators of the calling thread, with the callbacks of libtorch's profiler (<c>at::RecordFunction</c>): every operator
/// that the dispatcher calls, whoever issues it. An operator that only makes a view or allocates is not counted, and neither is one that
/// calls counted ones: what is left launches a kernel on a GPU, in most cases one. On Linux, whose names of C++ functions it knows.
/// </summary>
internal static unsafe class OperatorCounter
{
    private const string Prefix = "aten::";

    private static readonly HashSet<string> _withoutKernel =
    [
        "alias", "as_strided", "as_strided_", "contiguous", "detach", "diagonal", "empty", "empty_like", "empty_strided", "expand",
        "expand_as", "flatten", "is_set_to", "item", "_local_scalar_dense", "lift_fresh", "narrow", "permute", "reshape",
        "_reshape_alias", "resize_", "resolve_conj", "resolve_neg", "result_type", "select", "set_", "slice", "split", "squeeze", "t",
        "to", "transpose", "unbind", "_unsafe_view", "unsqueeze", "view", "view_as",
    ];

    // A GPU converts operands of another dtype, results and numbers within the kernel, and divides a mean there; the CPU takes operators of
    // their own for it.
    private static readonly HashSet<string> _oneKernel =
    [
        "add", "add_", "sub", "sub_", "rsub", "mul", "mul_", "div", "div_", "addcmul", "addcmul_", "neg", "exp_", "maximum", "eq", "ne",
        "abs", "floor_divide", "mean", "silu", "silu_backward", "gelu", "gelu_backward", "rsqrt_", "clamp_min",
    ];

    private static delegate* unmanaged<nint, byte*> _name;

    [ThreadStatic]
    private static Dictionary<string, int>? _counts;

    // For each operator that is being computed, the number of counted ones that it has called.
    [ThreadStatic]
    private static Stack<int>? _calls;

    // Number of operators being computed that are one kernel.
    [ThreadStatic]
    private static int _inside;

    /// <summary>Whether operators can be counted on this system.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Counts by name the operators that an action issues on this thread.</summary>
    public static IReadOnlyDictionary<string, int> Count(Action action)
    {
        if (!IsSupported)
        {
            throw new PlatformNotSupportedException("Operators can be counted on Linux on x64 only.");
        }

        nint library = NativeLibrary.Load("libtorch_cpu.so");
        var add = (delegate* unmanaged<Callback, ulong>)NativeLibrary.GetExport(
            library, "_ZN2at22addThreadLocalCallbackENS_22RecordFunctionCallbackE");
        var remove = (delegate* unmanaged<ulong, void>)NativeLibrary.GetExport(library, "_ZN2at14removeCallbackEm");
        _name = (delegate* unmanaged<nint, byte*>)NativeLibrary.GetExport(library, "_ZNK2at14RecordFunction4nameEv");
        (_counts, _calls, _inside) = ([], new(), 0);
        ulong handle = add(new Callback { Start = &Begin, End = &End, Probability = 1, Functions = 1 });
        try
        {
            action();
            return _counts;
        }
        finally
        {
            remove(handle);
            (_counts, _calls) = (null, null);
        }
    }

    // Returns a std::unique_ptr in the memory of the first argument.
    [UnmanagedCallersOnly]
    private static nint Begin(nint* context, nint function)
    {
        *context = 0;
        _calls?.Push(0);
        _inside += _oneKernel.Contains(Name(function)) ? 1 : 0;
        return (nint)context;
    }

    [UnmanagedCallersOnly]
    private static void End(nint function, nint context)
    {
        if (_calls is not { Count: > 0 } calls)
        {
            return;
        }

        int launched = calls.Pop();
        string name = Name(function);
        _inside -= _oneKernel.Contains(name) ? 1 : 0;
        if (launched == 0 && _inside == 0 && !_withoutKernel.Contains(name))
        {
            ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts!, name, out _);
            count++;
            launched = 1;
        }

        if (calls.TryPop(out int siblings))
        {
            calls.Push(siblings + launched);
        }
    }

    private static string Name(nint function)
    {
        string name = Marshal.PtrToStringUTF8((nint)_name(function)) ?? "";
        return name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
    }

    // at::RecordFunctionCallback of libtorch 2.10 and 2.11, which is passed by value. Functions is the first of ten flags, one a scope.
    [StructLayout(LayoutKind.Sequential)]
    private struct Callback
    {
        public delegate* unmanaged<nint*, nint, nint> Start;
        public delegate* unmanaged<nint, nint, void> End;
        public double Probability;
        public byte Functions;
        private fixed byte _others[12];
    }
}
