using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// Settings of libtorch's global context (<c>at::Context</c>) that TorchSharp does not expose, called by their exported C++ names, which
/// are those of libtorch 2.10 and 2.11 with GCC's and Microsoft's compilers.
/// </summary>
internal static unsafe class LibtorchContext
{
    private static readonly Lazy<nint> _library = new(FindLibrary);

    private static (string Context, string Set, string Get) Names => OperatingSystem.IsWindows()
        ? ("?globalContext@at@@YAAEAVContext@1@XZ",
            "?setAllowBF16ReductionCuBLAS@Context@at@@QEAAX_N0@Z",
            "?allowBF16ReductionCuBLAS@Context@at@@QEBA?AW4CuBLASReductionOption@2@XZ")
        : ("_ZN2at13globalContextEv", "_ZN2at7Context27setAllowBF16ReductionCuBLASEbb", "_ZNK2at7Context24allowBF16ReductionCuBLASEv");

    /// <summary>
    /// Whether sums of bf16 products may be computed in bf16; null: this libtorch does not export the setting.
    /// </summary>
    public static bool? ReducesBf16Sums => Context() is nint context && Find(Names.Get) is nint get
        ? ((delegate* unmanaged<nint, byte>)get)(context) == 0
        : null;

    /// <summary>
    /// Makes sums of bf16 products fp32, partial sums of split products included; returns whether this libtorch exports the setting.
    /// </summary>
    public static bool DisableReducedBf16Sums()
    {
        if (Context() is not nint context || Find(Names.Set) is not nint set)
        {
            return false;
        }

        // Arguments: allow reduced precision, allow splitting a sum; splitting is allowed, in fp32.
        ((delegate* unmanaged<nint, byte, byte, void>)set)(context, 0, 1);
        return true;
    }

    private static nint? Context() => Find(Names.Context) is nint address ? ((delegate* unmanaged<nint>)address)() : null;

    private static nint? Find(string name) =>
        _library.Value != 0 && NativeLibrary.TryGetExport(_library.Value, name, out nint address) ? address : null;

    // The library that TorchSharp has loaded, wherever it is from.
    private static nint FindLibrary()
    {
        TorchRuntime.EnsureLoaded();
        using Process self = Process.GetCurrentProcess();
        string? path = self.Modules.Cast<ProcessModule>().Select(module => module.FileName)
            .FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) is "libtorch_cpu" or "torch_cpu");
        return path is not null && NativeLibrary.TryLoad(path, out nint library) ? library : 0;
    }
}
