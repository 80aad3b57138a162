using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>Fifty concurrent clients: nothing fails, no event is lost or duplicated, and the server's memory does not grow.</summary>
public sealed class ManyClientsTests(ITestOutputHelper output)
{
    private const int Clients = 50;
    private const double AllowedGrowth = 1.25;
    private static readonly TimeSpan _span = LongForm.Choose(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(60));

    [Fact]
    [Trait("Category", "Long")]
    public async Task Clients_SubmittingCancellingListingSubscribing_LoseNothingAndFailNothing()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            Environment = new Dictionary<string, string> { ["LoraLab__CancelGraceSeconds"] = "10", ["LoraLab__Devices__0"] = "cpu" },
        });
        LoadTotals totals = new();
        using CancellationTokenSource over = new();
        Task<List<double>> memory = WatchMemoryAsync(server, over.Token);

        await Task.WhenAll(Enumerable.Range(0, Clients)
            .Select(number => new LoadClient(server, number, totals).RunAsync(_span, TimeProvider.System)));

        await over.CancelAsync();
        List<double> samples = await memory;
        double middle = Median(samples[(samples.Count / 3)..(2 * samples.Count / 3)]);
        double end = Median(samples[(2 * samples.Count / 3)..]);
        output.WriteLine($"{totals}; memory {samples[0]:0} MB at the start, {middle:0} MB in the middle third, {end:0} MB in the last");
        Assert.Equal(totals.Runs, totals.FollowedRuns);
        Assert.True(totals.FollowedRuns >= Clients, totals.ToString());
        Assert.True(totals.Points > 0, totals.ToString());
        Assert.DoesNotContain("fail:", server.Output, StringComparison.Ordinal);
        if (LongForm.Enabled)
        {
            Assert.True(end < middle * AllowedGrowth, $"The server grew from {middle:0} to {end:0} MB.");
        }
    }

    private static async Task<List<double>> WatchMemoryAsync(ServerProcess server, CancellationToken stop)
    {
        List<double> samples = [server.MemoryMb];
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(500, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            samples.Add(server.MemoryMb);
        }

        return samples;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
