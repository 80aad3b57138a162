using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// pdflatex from Debian's texlive-latex-base and texlive-latex-recommended. If it is missing, a test is skipped with a reason; in CI, or if
/// LORALAB_FIXTURES is set, it fails.
/// </summary>
internal static class Latex
{
    private const int TimeoutSeconds = 120;

    /// <summary>Compiles a document twice, to resolve references; fails with the errors in the log.</summary>
    public static void Compile(string folder, string name)
    {
        for (int pass = 0; pass < 2; pass++)
        {
            ProcessStartInfo start = new("pdflatex", ["-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", name])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardInput = true,
            };
            using Process process = Start(start);
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(TimeoutSeconds)), $"pdflatex timed out after {TimeoutSeconds} s.");
            Assert.True(process.ExitCode == 0, $"pdflatex failed to compile {name}:{Environment.NewLine}{Errors(output.Result)}");
        }

        Assert.True(new FileInfo(Path.Combine(folder, Path.ChangeExtension(name, ".pdf"))).Length > 1000);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            const string Reason = "pdflatex was not found; install texlive-latex-base and texlive-latex-recommended.";
            Assert.False(
                Environment.GetEnvironmentVariable("CI") == "true"
                    || Environment.GetEnvironmentVariable("LORALAB_FIXTURES") is { Length: > 0 },
                Reason);
            Assert.Skip(Reason);
            throw;
        }
    }

    private static string Errors(string log)
    {
        string[] lines = log.Split('\n');
        int first = Array.FindIndex(lines, line => line.StartsWith('!'));
        return string.Join('\n', first < 0 ? lines.TakeLast(20) : lines.Skip(first).Take(12));
    }
}
