using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Tests.Server.Experiments.Studies;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Helpers for tests of the study pages.</summary>
internal static class StudyPages
{
    /// <summary>Timeout for twenty small runs in sequence on a loaded machine.</summary>
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(10);

    /// <summary>ID of the study whose page is open.</summary>
    internal static string IdOf(IPage page) => new Uri(page.Url).AbsolutePath.Split('/')[^1];

    internal static Task<StudyDocument> WaitForEndAsync(RunApi api, string id) =>
        api.WaitForStudyAsync(id, study => study.EndedAt is not null, _timeout);

    /// <summary>Cancels a study unless it has ended, so that its runs do not delay other tests.</summary>
    internal static async Task StopAsync(RunApi api, string id)
    {
        using HttpResponseMessage stopped = await api.Http.PostAsync(ApiRoutes.Study(id, "cancel"), null);
        await WaitForEndAsync(api, id);
    }

    /// <summary>Opens a tab of the study page and waits for an element in it.</summary>
    internal static async Task<ILocator> OpenTabAsync(IPage page, string tab, string testId)
    {
        await page.GetByTestId($"tab-{tab}").ClickAsync();
        ILocator elements = page.GetByTestId(testId);
        await elements.First.WaitForAsync();
        Assert.Contains($"tab={tab}", page.Url, StringComparison.Ordinal);
        return elements;
    }
}
