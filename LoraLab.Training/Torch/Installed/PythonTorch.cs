using System.ComponentModel;
using System.Diagnostics;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Torch.Installed;

/// <summary>The folder of the libraries of the PyTorch that a Python on the path imports.</summary>
internal static class PythonTorch
{
    // Only finds the package: importing it takes seconds and loads its libraries.
    private const string Question =
        "import importlib.util, os; found = importlib.util.find_spec('torch'); "
            + "print(os.path.join(found.submodule_search_locations[0], 'lib') if found else '')";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static string DefaultProgram => OperatingSystem.IsWindows() ? "python" : "python3";

    /// <summary>Asks Python.</summary>
    /// <param name="program">The Python; null: <c>python3</c>, on Windows <c>python</c>.</param>
    /// <exception cref="RunFailure">There is no Python on the path, or it has no PyTorch.</exception>
    public static string Find(string? program = null)
    {
        program ??= DefaultProgram;
        ProcessStartInfo start = new(program, ["-c", Question]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(_patience))
            {
                process.Kill(entireProcessTree: true);
                throw Refused($"{program} did not answer within {_patience.TotalSeconds:0} seconds");
            }

            string folder = output.GetAwaiter().GetResult().Trim();
            return process.ExitCode == 0 && folder.Length > 0
                ? folder
                : throw Refused(process.ExitCode == 0
                    ? $"the {program} on the path has no package torch"
                    : $"{program} failed: {error.GetAwaiter().GetResult().Trim().Split('\n')[^1]}");
        }
        catch (Win32Exception)
        {
            throw Refused($"there is no {program} on the path");
        }
    }

    private static RunFailure Refused(string reason) => RunFailure.BadData(
        $"{TorchSource.Setting} is '{TorchSource.Auto}', but {reason}; install PyTorch 2.10 or 2.11, or name its folder torch/lib.");
}
