using System.Diagnostics;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>What the tests of the study pages do again and again.</summary>
internal static class StudyPages
{
    /// <summary>Twenty small runs one after another, on a machine with other things to do.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    /// <summary>Id of the study whose page is shown.</summary>
    internal static string IdOf(IPage page) => new Uri(page.Url).AbsolutePath.Split('/')[^1];

    internal static async Task<StudyDocument> WaitForEndAsync(RunApi api, string id)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            StudyDocument study = await api.ReadAsync<StudyDocument>(ApiRoutes.Study(id));
            if (study.EndedAt is not null)
            {
                return study;
            }

            Assert.True(waited.Elapsed < s_patience, $"Study {id} is {study.State} after {waited.Elapsed.TotalSeconds:0} s: {string.Join(", ", study.Runs.Select(run => $"{run.Method} {run.Stage} {run.State}"))}");
            await Task.Delay(200);
        }
    }

    /// <summary>Cancels a study that may have ended, so that its runs do not stand in the way of the other tests.</summary>
    internal static async Task StopAsync(RunApi api, string id)
    {
        using HttpResponseMessage stopped = await api.Http.PostAsync(ApiRoutes.Study(id, "cancel"), null);
        await WaitForEndAsync(api, id);
    }

    /// <summary>Opens a part of the study by its tab and waits for something of it.</summary>
    internal static async Task<ILocator> OpenTabAsync(IPage page, string tab, string testId)
    {
        await page.GetByTestId($"tab-{tab}").ClickAsync();
        ILocator parts = page.GetByTestId(testId);
        await parts.First.WaitForAsync();
        Assert.Contains($"tab={tab}", page.Url, StringComparison.Ordinal);
        return parts;
    }
}
