using System.Runtime.InteropServices;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch.Installed;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>The native libraries of TorchSharp in this process.</summary>
public static class TorchRuntime
{
    private static readonly Lazy<string?> _problem = new(Load);

    /// <summary>File name of TorchSharp's native bridge on this system.</summary>
    public static string BridgeName =>
        OperatingSystem.IsWindows() ? "LibTorchSharp.dll" : OperatingSystem.IsMacOS() ? "libLibTorchSharp.dylib" : "libLibTorchSharp.so";

    /// <summary>Why the loaded libtorch has no CUDA although it was built with it; null: it has, or was not.</summary>
    public static string? CudaProblem => InstalledLoader.CudaProblem;

    /// <summary>Loads the native libraries.</summary>
    /// <exception cref="RunFailure">They cannot be loaded.</exception>
    public static void EnsureLoaded()
    {
        if (_problem.Value is string problem)
        {
            throw new RunFailure(EndReason.BadData, problem);
        }
    }

    /// <summary>Why the native libraries cannot be loaded, or null.</summary>
    public static string? LoadProblem() => _problem.Value;

    /// <summary>Folder of libtorch, or null if it is not found.</summary>
    public static string? LibtorchFolder() => TorchSource.Installed?.Folder ?? NativeFolder();

    /// <summary>Folder of TorchSharp's bridge and of the build's own libtorch, or null if it is not found.</summary>
    public static string? NativeFolder()
    {
        string runtime = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        string[] folders = [Path.Combine(AppContext.BaseDirectory, "runtimes", runtime, "native"), AppContext.BaseDirectory];
        return folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, BridgeName)));
    }

    private static string? Load()
    {
        ThreadPolicy.Apply();
        HeapPolicy.Apply();
        ThreadPolicy.OrderGpusByBus();
        if ((TorchSource.Problem ?? LoadInstalled()) is string problem)
        {
            return problem;
        }

        try
        {
            using torch.Tensor probe = torch.ones(2, 2);
            if (probe.sum().item<float>() != 4)
            {
                return "libtorch computes wrong sums; reinstall LoraLab.";
            }

            JitFuser.Choose();
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Explain(e);
        }
    }

    private static string? LoadInstalled()
    {
        if (TorchSource.Installed is not InstalledTorch installed)
        {
            return DeviceChoice.BuiltFor == DeviceChoice.NoBackend
                ? $"This build has no libtorch of its own: set {TorchSource.Setting} to the folder torch/lib of an installed PyTorch "
                    + $"2.10 or 2.11, or to {TorchSource.Auto} for that of python3."
                : null;
        }

        return NativeFolder() is string folder
            ? InstalledLoader.Load(installed, Path.Combine(folder, BridgeName))
            : $"{BridgeName} was not found in {AppContext.BaseDirectory}: rebuild LoraLab.Training.";
    }

    // TorchSharp reports a missing package reference for every failure: the system's loader gives the real reason.
    private static string Explain(Exception managed)
    {
        if (NativeFolder() is not string folder)
        {
            return $"{BridgeName} was not found in {AppContext.BaseDirectory}: rebuild LoraLab.Training.";
        }

        try
        {
            NativeLibrary.Load(Path.Combine(folder, BridgeName));
        }
        catch (DllNotFoundException e)
        {
            string hint = e.Message.Contains("GLIBCXX", StringComparison.Ordinal)
                ? " The system's libstdc++ is too old and the library was not patched for it: rebuild LoraLab.Training "
                    + "(docs/adr/0002-weak-symbol-version.md)."
                : "";
            return $"libtorch cannot be loaded from {folder}: {e.Message.Trim()}{hint}";
        }

        return $"libtorch cannot be initialized: {managed.GetBaseException().Message}";
    }
}
