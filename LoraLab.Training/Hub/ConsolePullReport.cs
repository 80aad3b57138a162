using Spectre.Console;

namespace LoraLab.Training.Hub;

/// <summary>Shows a download on the console.</summary>
/// <param name="console">The console.</param>
internal sealed class ConsolePullReport(IAnsiConsole console) : IPullReport
{
    public Task DownloadAsync(IReadOnlyList<HubFile> files, Func<HubFile, Action<long>, Task> fetch) => console.Progress()
        .Columns(
            new TaskDescriptionColumn(),
            new ProgressBarColumn(),
            new PercentageColumn(),
            new DownloadedColumn(),
            new TransferSpeedColumn(),
            new RemainingTimeColumn())
        .StartAsync(async context =>
        {
            foreach (HubFile file in files)
            {
                ProgressTask bar = context.AddTask(Markup.Escape(file.Path), maxValue: Math.Max(1, file.Size ?? 1));
                await fetch(file, bytes => Advance(bar, bytes)).ConfigureAwait(false);
                bar.Value = bar.MaxValue;
            }
        });

    public void Say(string line) => console.MarkupLineInterpolated($"{line}");

    public void Done(string name, string folder, string? commit, string? revision)
    {
        string place = commit is null ? "" : revision == commit ? $" at {commit}" : $" at {commit} ({revision})";
        console.MarkupLineInterpolated($"[green]{name}[/]{place} is in {folder}");
    }

    public void Failed(string message) => console.MarkupLineInterpolated($"[red]{message}[/]");

    public void Stopped(string name) => console.MarkupLineInterpolated($"Stopped; run 'pull {name}' again to resume.");

    private static void Advance(ProgressTask bar, long bytes)
    {
        bar.MaxValue = Math.Max(bar.MaxValue, bytes);
        bar.Value = bytes;
    }
}
