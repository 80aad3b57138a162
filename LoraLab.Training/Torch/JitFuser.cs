using System.Runtime.InteropServices;
using LoraLab.Training.Torch.Installed;

namespace LoraLab.Training.Torch;

/// <summary>
/// TorchScript's fuser of elementwise operators on GPUs, which is switched off: it compiles a kernel for each of the first shapes it sees,
/// so that the first windows of a run would take seconds, and its results differ in their last digits from those of the same functions
/// before they were compiled, and on the CPU, where every function is tested. All else of TorchScript's executor stays as it is on the CPU.
/// <c>PYTORCH_TENSOREXPR</c> in the environment leaves the choice to PyTorch.
/// </summary>
internal static unsafe class JitFuser
{
    private const string Variable = "PYTORCH_TENSOREXPR";

    // torch::jit::overrideCanFuseOnGPU(bool), as Linux and Windows compilers encode its name. PYTORCH_TENSOREXPR=0 is not the same: it
    // also replaces the executor by one that compiles a function again for every new shape.
    private static string Symbol =>
        OperatingSystem.IsWindows() ? "?overrideCanFuseOnGPU@jit@torch@@YAX_N@Z" : "_ZN5torch3jit20overrideCanFuseOnGPUEb";

    /// <summary>Switches it off after libtorch was loaded; returns whether it is off.</summary>
    public static bool Choose()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 }
            || TorchRuntime.LibtorchFolder() is not string folder
            || !NativeLibrary.TryLoad(Path.Combine(folder, InstalledTorch.FileName("torch_cpu")), out nint library)
            || !NativeLibrary.TryGetExport(library, Symbol, out nint function))
        {
            return false;
        }

        ((delegate* unmanaged[Cdecl]<byte, void>)function)(0);
        return true;
    }
}
