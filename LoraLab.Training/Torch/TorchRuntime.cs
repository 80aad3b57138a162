using System.Runtime.InteropServices;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>The tensor library in this process.</summary>
public static class TorchRuntime
{
    private static readonly Lazy<string?> Problem = new(Load);

    /// <summary>Loads the native libraries, or says in plain words why they do not load.</summary>
    /// <exception cref="RunFailure">They do not load.</exception>
    public static void EnsureLoaded()
    {
        if (Problem.Value is string problem)
        {
            throw new RunFailure(EndReason.BadData, problem);
        }
    }

    /// <summary>What keeps the native libraries from loading, or null.</summary>
    public static string? LoadProblem() => Problem.Value;

    /// <summary>The folder that holds the native library, or null when it is not there.</summary>
    public static string? NativeFolder()
    {
        string runtime = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        string[] folders = [Path.Combine(AppContext.BaseDirectory, "runtimes", runtime, "native"), AppContext.BaseDirectory];
        return folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, BridgeName)));
    }

    /// <summary>File name of TorchSharp's native bridge on this system.</summary>
    public static string BridgeName =>
        OperatingSystem.IsWindows() ? "LibTorchSharp.dll" : OperatingSystem.IsMacOS() ? "libLibTorchSharp.dylib" : "libLibTorchSharp.so";

    private static string? Load()
    {
        ThreadPolicy.Apply();
        HeapPolicy.Apply();
        ThreadPolicy.OrderGpusByBus();
        try
        {
            using torch.Tensor probe = torch.ones(2, 2);
            return probe.sum().item<float>() == 4 ? null : "libtorch loads but computes wrong sums; reinstall LoraLab.";
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Explain(e);
        }
    }

    // TorchSharp blames a missing package reference whatever went wrong: ask the system's loader for the real reason.
    private static string Explain(Exception managed)
    {
        if (NativeFolder() is not string folder)
        {
            return $"{BridgeName} is not beside the program in {AppContext.BaseDirectory}: build LoraLab.Training again.";
        }

        try
        {
            NativeLibrary.Load(Path.Combine(folder, BridgeName));
        }
        catch (DllNotFoundException e)
        {
            string hint = e.Message.Contains("GLIBCXX", StringComparison.Ordinal)
                ? " The system's libstdc++ is too old and the copy of the library was not adapted to it: build LoraLab.Training again (docs/adr/0002-weak-symbol-version.md)."
                : "";
            return $"libtorch does not load from {folder}: {e.Message.Trim()}{hint}";
        }

        return $"libtorch does not start: {managed.GetBaseException().Message}";
    }
}
