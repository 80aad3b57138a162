using System.Runtime.InteropServices;
using TorchSharp;

namespace LoraLab.Training.Torch.Installed;

/// <summary>
/// Loads the libraries of an installed PyTorch, and then TorchSharp's bridge, which finds them by their names since they are already in the
/// process. By absolute path, so that their own run paths find what they need (<c>nvidia/*/lib</c> beside the package); those of CUDA
/// before the bridge, because they register CUDA with libtorch when they are loaded.
/// </summary>
internal static partial class InstalledLoader
{
    private const int Now = 2;

    private static readonly string[] _cuda = ["c10_cuda", "torch_cuda"];

    /// <summary>Why the libraries of CUDA cannot be loaded; null: they can, or there are none.</summary>
    public static string? CudaProblem { get; private set; }

    /// <summary>Loads everything; returns an error message, or null.</summary>
    /// <param name="torch">The installed PyTorch.</param>
    /// <param name="bridge">Path of the bridge, which may lie beside the build's own libtorch.</param>
    public static string? Load(InstalledTorch torch, string bridge)
    {
        if (OwnLibtorch.Problem(torch) is string other)
        {
            return other;
        }

        string[] first = ["c10", "torch_cpu"];
        foreach (string name in (string[])[.. first, .. torch.HasCuda ? _cuda : [], "torch"])
        {
            if (Attempt(torch.Library(name)) is not string problem)
            {
                continue;
            }

            if (!_cuda.Contains(name))
            {
                return $"libtorch {torch.Version} cannot be loaded from {torch.Folder}: {problem}"
                    + (CudaProblem is null ? "" : $" (Without CUDA, because {CudaProblem})");
            }

            CudaProblem ??= problem;
        }

        return Bind(torch, bridge);
    }

    // Every symbol now: a missing one is a message here, and otherwise the end of the process at its first call.
    private static string? Bind(InstalledTorch torch, string bridge)
    {
        string? problem = OperatingSystem.IsLinux() && Open(bridge, Now) == 0
            ? Marshal.PtrToStringUTF8(Error()) ?? "unknown error"
            : Attempt(bridge);
        if (problem is not null)
        {
            return $"TorchSharp's bridge does not fit libtorch {torch.Version} from {torch.Folder}: {problem.Trim()}; "
                + "use PyTorch 2.10, or libtorch of the build.";
        }

        nint handle = NativeLibrary.Load(bridge);
        NativeLibrary.SetDllImportResolver(
            typeof(torch).Assembly, (name, _, _) => name == "LibTorchSharp" ? handle : 0);
        return null;
    }

    private static string? Attempt(string path)
    {
        try
        {
            _ = NativeLibrary.Load(path);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return e.Message.Trim();
        }
    }

    [LibraryImport("libdl.so.2", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int mode);

    [LibraryImport("libdl.so.2", EntryPoint = "dlerror")]
    private static partial nint Error();
}
