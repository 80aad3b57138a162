using System.Diagnostics;
using System.Globalization;
using LoraLab.Benchmarks.Protocol;

namespace LoraLab.Benchmarks.Processes;

/// <summary>Starts the programs built with the benchmarks, in the same configuration, with a given environment.</summary>
internal static class Programs
{
    /// <summary>The trainer.</summary>
    public const string Training = "LoraLab.Training";

    /// <summary>The server.</summary>
    public const string Server = "LoraLab.Server";

    /// <summary>Starts a program whose output is read by the caller.</summary>
    public static Process Start(
        Bench bench, string project, IReadOnlyDictionary<string, string> environment, params IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Find(bench, project));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string inherited in start.Environment.Keys.Where(key => key.StartsWith("LoraLab__", StringComparison.OrdinalIgnoreCase)
            || key.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        foreach ((string key, string value) in environment)
        {
            start.Environment[key] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs a program to completion.</summary>
    /// <exception cref="NotMeasuredException">The program failed; the message has its first line of output.</exception>
    public static Duration Run(
        Bench bench, string project, IReadOnlyDictionary<string, string> environment, params IReadOnlyList<string> arguments)
    {
        double? cpu = ChildTime.Seconds;
        long started = Stopwatch.GetTimestamp();
        using Process process = Start(bench, project, environment, arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double wall = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (process.ExitCode != 0)
        {
            string firstLine = (errors.Result.Trim() + "\n" + output.Trim()).Trim().Split('\n')[0];
            throw new NotMeasuredException(string.Create(
                CultureInfo.InvariantCulture, $"{project} {arguments[0]} exited with code {process.ExitCode}: {firstLine}"));
        }

        return new(wall, ChildTime.Seconds - cpu);
    }

    // .../LoraLab.Benchmarks/bin/CONFIGURATION/FRAMEWORK/
    private static string Find(Bench bench, string project)
    {
        DirectoryInfo framework = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(bench.Home, project, "bin", framework.Parent!.Name, framework.Name, project + ".dll");
    }
}
