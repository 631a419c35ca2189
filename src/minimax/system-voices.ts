/**
 * Voices that every account has, until MiniMax itself has said which they are (it has several hundred). Only such as
 * documents name: the first of MiniMax's own lists of system voices (faq/system-voice-id, in English and in Chinese) and
 * the example of api-reference/voice-management-get; the last two stand in the documents of clients. Read in autumn 2026.
 */
export const SYSTEM_VOICES: readonly string[] = [
  'male-qn-qingse',
  'male-qn-jingying',
  'male-qn-badao',
  'male-qn-daxuesheng',
  'female-shaonv',
  'female-yujie',
  'female-chengshu',
  'female-tianmei',
  'male-qn-qingse-jingpin',
  'male-qn-jingying-jingpin',
  'male-qn-badao-jingpin',
  'Chinese (Mandarin)_Reliable_Executive',
  'English_expressive_narrator',
  'English_radiant_girl',
  'English_magnetic_voiced_man',
  'English_compelling_lady1',
  'English_Aussie_Bloke',
  'English_captivating_female1',
  'English_Upbeat_Woman',
  'English_Trustworth_Man',
  'English_CalmWoman',
  'English_Graceful_Lady',
  'Wise_Woman',
]
